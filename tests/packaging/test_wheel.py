"""The wheel holds all that the program needs, and works from any directory."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from tests.e2e.running import running_service

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    built = subprocess.run(
        [str(Path(sys.executable).with_name("uv-build")), "build-wheel", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    return folder / built.stdout.split()[-1]


def test_it_holds_migrations_the_sample_and_the_licence_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert "hellotutor/documents/migrations/0001_initial.py" in names
    assert "hellotutor/documents/samples/how-memory-works.md" in names
    assert "hellotutor/py.typed" in names
    assert any(name.endswith("LICENSE") for name in names)
    assert all(name.startswith(("hellotutor/", "hellotutor-")) for name in names)


def test_it_holds_every_file_of_the_package(wheel: Path) -> None:
    source = ROOT / "src"
    kept = {
        path.relative_to(source).as_posix()
        for path in (source / "hellotutor").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {"hellotutor/web/templates/web/base.html", "hellotutor/web/static/web/app.css"} <= kept
    assert kept <= set(zipfile.ZipFile(wheel).namelist())


def test_it_asks_pip_for_nothing_that_brings_torch(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    metadata = archive.read(next(name for name in archive.namelist() if name.endswith("/METADATA"))).decode()
    required = [line.split()[1].lower() for line in metadata.splitlines() if line.startswith("Requires-Dist:")]
    assert any(name.startswith("django") for name in required)
    assert not [name for name in required if name.startswith(("torch", "sentence", "gt-all", "gt_all"))]


def test_unpacked_anywhere_it_studies_its_sample(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    (tmp_path / "elsewhere").mkdir()
    code = (
        "import sys, hellotutor; assert hellotutor.__file__.startswith(sys.argv.pop(1)), hellotutor.__file__;"
        "from hellotutor.cli.entry import main; main()"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "site"), "study", "--sample", "--count", "1", "--json"],
        cwd=tmp_path / "elsewhere",
        env={"PYTHONPATH": str(tmp_path / "site"), "DATA_DIR": str(tmp_path / "data"), "PATH": "", "ENV": "test"},
        input="a\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith('{"event": "question"')


def test_unpacked_anywhere_it_serves_its_pages_and_their_style(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    with running_service(tmp_path / "data", "--no-worker", PYTHONPATH=str(tmp_path / "site")) as service:
        assert service.visit("/healthz").status == 200
        page = service.visit("/sign-in/").body.decode()
        (style,) = re.findall(r'href="(/static/web/app[^"]*\.css)"', page)
        assert service.visit(style).status == 200
