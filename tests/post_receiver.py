"""A receiver of letters: a process of its own that records every call and removes no duplicates.

``python -m tests.post_receiver PORT_FILE CALLS`` listens on a free port of this machine, writes
it into PORT_FILE, and appends one JSON line to CALLS for each call, on disk before it answers.
"""

import hashlib
import json
import os
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from uuid import UUID

from medcontrol.errors import Unavailable


class Receiver(BaseHTTPRequestHandler):
    """Takes letters."""

    protocol_version = "HTTP/1.1"
    calls: Path

    def do_POST(self) -> None:
        pdf = self.rfile.read(int(self.headers["Content-Length"]))
        call = {
            "key": self.headers.get("Idempotency-Key"),
            "letter": self.headers.get("Letter-Id"),
            "recipient": self.headers.get("Letter-Recipient"),
            "sha256": hashlib.sha256(pdf).hexdigest(),
            "is_pdf": pdf.startswith(b"%PDF"),
        }
        descriptor = os.open(self.calls, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "ab") as file:
            file.write(json.dumps(call).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        body = json.dumps({"reference": f"R-{call['letter']}"}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@dataclass(frozen=True)
class Calls:
    """What the receiver recorded."""

    by_letter: dict[str, Counter[str]]
    pdfs: dict[str, set[str]]
    total: int
    without_key: int

    @classmethod
    def read(cls, path: Path) -> "Calls":
        by_letter: dict[str, Counter[str]] = defaultdict(Counter)
        pdfs: dict[str, set[str]] = defaultdict(set)
        lines = path.read_text().splitlines() if path.exists() else []
        calls = [json.loads(line) for line in lines]
        for call in calls:
            by_letter[call["letter"]][str(call["key"])] += 1
            pdfs[call["letter"]].add(call["sha256"])
        without = sum(not call["key"] for call in calls)
        return cls(dict(by_letter), dict(pdfs), len(calls), without)


@dataclass
class RecordingPost:
    """A carrier in this process; refuses the first ``refusals`` letters."""

    refusals: int = 0
    keys: list[str] = field(default_factory=list)
    pdfs: list[bytes] = field(default_factory=list)

    def send(self, letter_id: UUID, pdf: bytes, *, idempotency_key: str, recipient: str) -> str:
        assert recipient
        if self.refusals:
            self.refusals -= 1
            raise Unavailable("closed")
        self.keys.append(idempotency_key)
        self.pdfs.append(pdf)
        return f"R-{letter_id}"


def main(port_file: str, calls: str) -> None:
    Receiver.calls = Path(calls)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    path = Path(port_file)
    path.with_suffix(".new").write_text(str(server.server_address[1]))
    path.with_suffix(".new").replace(path)
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
