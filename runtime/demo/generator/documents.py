"""A few small real documents (pièces), made once and attached to many files."""

import base64
import hashlib
import struct
import zlib
from dataclasses import dataclass
from functools import cache
from typing import Any

_PDF, _PNG = "application/pdf", "image/png"
_TITLES: dict[str, str] = {
    "prescription": "Ordonnance",
    "invoice": "Facture",
    "exams": "Compte rendu",
    "quote": "Devis",
    "confidential_envelope": "Pli confidentiel du médecin traitant",
    "confidential-note": "Note confidentielle",
    "certificate": "Certificat de spécialiste",
    "medical_certificate": "Certificat médical",
    "disability-card": "Carte de personne en situation de handicap",
    "form-312-1-16": "Imprimé 312-1-16",
    "form": "Imprimé 314-1-04",
    "form-459-1-42": "Imprimé 459-1-42",
    "x-ray": "Radiographie",
}
_ADMINISTRATIVE = frozenset({"invoice", "quote", "form-459-1-42", "disability-card"})
_VARIANTS = 3


@dataclass(frozen=True, slots=True)
class Sample:
    """One document with its bytes."""

    kind: str
    media_type: str
    content: bytes

    def member(self, *, with_content: bool) -> dict[str, Any]:
        """Return the entry of a message; hash and size are those of the bytes."""
        entry: dict[str, Any] = {
            "kind": self.kind,
            "title": _TITLES[self.kind],
            "media_type": self.media_type,
            "sha256": hashlib.sha256(self.content).hexdigest(),
            "size": len(self.content),
        }
        if with_content:
            entry["content_base64"] = base64.b64encode(self.content).decode()
        entry["confidential"] = self.kind not in _ADMINISTRATIVE
        return entry


@cache
def samples(kind: str) -> tuple[Sample, ...]:
    """Return the documents of a kind; an X-ray is an image, everything else a PDF.

    Raises:
        KeyError: no such kind.
    """
    title = _TITLES[kind]
    if kind == "x-ray":
        return tuple(Sample(kind, _PNG, make_png(96, 64, shade)) for shade in range(_VARIANTS))
    return tuple(
        Sample(kind, _PDF, make_pdf(title, f"Exemplaire {number + 1}, données fictives"))
        for number in range(_VARIANTS)
    )


@cache
def entries(kind: str, variant: int, *, with_content: bool) -> dict[str, Any]:
    """Return the message entry of one document of a kind, shared: do not change it."""
    return samples(kind)[variant % _VARIANTS].member(with_content=with_content)


def make_pdf(title: str, text: str) -> bytes:
    """Return a one-page A5 PDF with a title and a line, valid down to its cross-references."""
    stream = b"BT /F1 18 Tf 40 520 Td (%s) Tj /F1 11 Tf 0 -32 Td (%s) Tj ET" % (
        _pdf_text(title),
        _pdf_text(text),
    )
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R /Lang (fr) >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 420 595] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    content, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(content))
        content += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return content + (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\n"
        b"startxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table, len(objects) + 1, len(content))
    )


def _pdf_text(text: str) -> bytes:
    escaped = text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
    return escaped.encode("cp1252", "replace")


def make_png(width: int, height: int, shade: int) -> bytes:
    """Return a greyscale PNG that looks faintly like a radiograph."""
    rows = b"".join(
        b"\0" + bytes(_grey(x - width // 2, y - height // 2, shade) for x in range(width))
        for y in range(height)
    )
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    # Level 0: other zlib builds compress to other bytes, and the same seed must give the same.
    body = zlib.compress(rows, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in ((b"IHDR", header), (b"IDAT", body), (b"IEND", b""))
    )


def _grey(x: int, y: int, shade: int) -> int:
    bone = 170 - 9 * abs(x + shade * 4) if abs(x + shade * 4) < 18 else 20
    return max(8, bone - abs(y))
