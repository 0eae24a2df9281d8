"""Names, arrows between packages, and what an installed copy has with it."""

import subprocess
import sys
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.architecture.source import PACKAGES, ROOT, files


def test_no_dependency_has_a_package_of_our_name() -> None:
    owners = packages_distributions()
    found = {name: owners[name] for name in PACKAGES if set(owners.get(name, ())) - {"medcontrol"}}

    assert not found, f"{found}: generic names share one namespace; whoever comes first is imported"


def test_no_test_folder_hides_a_package() -> None:
    found = [name for name in PACKAGES if (ROOT / "tests" / name).is_dir()]

    assert not found, f"tests/{found}: `import {found}` could then find the tests"


def test_every_test_folder_is_a_package() -> None:
    folders = {path.parent for path in files() if path.parts[0] == "tests" and path.suffix == ".py"}
    found = [str(folder) for folder in folders if not (ROOT / folder / "__init__.py").is_file()]

    assert not found, f"{found}: two test files of one name would be taken for one module"


def test_packages_import_only_in_the_directions_of_the_architecture() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The names in a wheel built from this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip
    (built,) = folder.glob("*.whl")
    with zipfile.ZipFile(built) as archive:
        return set(archive.namelist())


def test_the_wheel_has_every_file_of_the_packages(wheel: set[str]) -> None:
    wanted = {str(path) for path in files() if path.parts[0] in PACKAGES}

    missing = sorted(wanted - wheel)

    assert not missing, (
        f"{missing}: an installed copy starts without these, and a checkout hides it"
    )


def test_the_wheel_has_what_npm_brought(wheel: set[str]) -> None:
    vendor = ROOT / "ui" / "static" / "vendor"
    wanted = {
        str(path.relative_to(ROOT))
        for path in vendor.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }

    assert "ui/static/vendor/htmx.min.js" in wanted, (
        "run `make setup`: the screens need npm's files"
    )
    assert not sorted(wanted - wheel)


def test_the_wheel_leaves_tests_and_documents_at_home(wheel: set[str]) -> None:
    tops = {name.split("/")[0] for name in wheel if ".dist-info" not in name}

    assert tops == set(PACKAGES)
