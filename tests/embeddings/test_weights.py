from __future__ import annotations

import errno
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hellotutor.core.errors import Unavailable
from hellotutor.embeddings import weights


def test_the_model_is_converted_once_and_then_only_checked(tmp_path: Path, packaged_weights: Path) -> None:
    folder = weights.ensure_model(tmp_path)
    made_at = (folder / "model.bin").stat().st_mtime_ns
    assert weights.ensure_model(tmp_path) == folder
    assert (folder / "model.bin").stat().st_mtime_ns == made_at


def test_processes_that_convert_at_once_leave_one_whole_model(tmp_path: Path, packaged_weights: Path) -> None:
    program = (
        "import sys, pathlib; from hellotutor.embeddings.weights import *; "
        f"print(convert_weights(pathlib.Path({str(packaged_weights)!r}), pathlib.Path({str(tmp_path)!r})))"
    )
    source = str(Path(__file__).parents[2] / "src")

    def convert(_: int) -> str:
        command = [sys.executable, "-c", program]
        return subprocess.run(
            command, capture_output=True, encoding="utf-8", check=True, env={"PYTHONPATH": source}
        ).stdout

    with ThreadPoolExecutor(2) as pool:
        said = list(pool.map(convert, range(2)))
    assert said == [f"{weights.model_folder(tmp_path)}\n"] * 2
    assert weights.is_whole(weights.model_folder(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == [weights.model_folder(tmp_path).name]


def test_a_half_made_folder_is_never_used(tmp_path: Path, packaged_weights: Path) -> None:
    folder = weights.ensure_model(tmp_path)
    (folder / "manifest.json").unlink()
    assert not weights.is_whole(folder)
    assert weights.is_whole(weights.ensure_model(tmp_path))


def test_a_damaged_model_is_made_again(tmp_path: Path, packaged_weights: Path) -> None:
    folder = weights.ensure_model(tmp_path)
    with (folder / "model.bin").open("r+b") as file:
        file.seek(1_000_000)
        file.write(b"damage")
    assert not weights.is_whole(folder)
    assert weights.is_whole(weights.ensure_model(tmp_path))


@pytest.fixture
def without_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hides what is installed, as on a machine that has no weights."""
    monkeypatch.setattr(weights, "PACKAGE", "hellotutor-no-such-package")


@pytest.mark.usefixtures("without_package")
def test_a_missing_model_names_the_command_that_fetches_it(tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as caught:
        weights.ensure_model(tmp_path)
    assert caught.value.code == "model_missing"
    assert "hellotutor models fetch" in caught.value.message
    assert not caught.value.retryable


@pytest.mark.usefixtures("without_package")
def test_a_damaged_model_that_cannot_be_made_again_says_so(tmp_path: Path) -> None:
    weights.model_folder(tmp_path).mkdir()
    with pytest.raises(Unavailable) as caught:
        weights.ensure_model(tmp_path)
    assert caught.value.code == "model_corrupt"


def test_a_full_disk_is_told_from_a_forbidden_folder(tmp_path: Path) -> None:
    assert weights.disk_error(OSError(errno.ENOSPC, "full"), tmp_path).code == "disk_full"
    assert weights.disk_error(PermissionError(errno.EACCES, "denied"), tmp_path).code == "model_unwritable"


def test_a_models_folder_that_is_a_file_is_reported(tmp_path: Path, packaged_weights: Path) -> None:
    (tmp_path / "models").write_text("not a folder", encoding="utf-8")
    with pytest.raises(Unavailable) as caught:
        weights.convert_weights(packaged_weights, tmp_path / "models")
    assert caught.value.code == "model_unwritable"
