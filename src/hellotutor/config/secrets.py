"""Secrets that nobody set: made once and kept in DATA_DIR, readable by their owner only."""

from __future__ import annotations

import os
import secrets as randomness
import tempfile
from pathlib import Path

from hellotutor.core.errors import Invalid
from hellotutor.core.locks import hold

from .settings import Settings

_BYTES = 48
_LEAST_CHARACTERS = 32


def load_secret(settings: Settings, name: str) -> str:
    """Return the secret from the settings, or the one kept in DATA_DIR, making it where there is none.

    Args:
        settings: the program's settings.
        name: `SECRET_KEY` or `HMAC_SECRET`.

    Raises:
        Invalid: in production it is not set (`secret_missing`) or short (`secret_too_short`).
    """
    given: str = getattr(settings, name.lower())
    if given and settings.is_production and len(given) < _LEAST_CHARACTERS:
        raise Invalid(
            "secret_too_short", f"{name} must have at least {_LEAST_CHARACTERS} characters when ENV=production."
        )
    if given:
        return given
    if settings.is_production:
        raise Invalid("secret_missing", f"{name} must be set when ENV=production: set it to a long random value.")
    path = settings.data_dir / "secrets" / name.lower()
    if not path.exists():
        with hold(settings.data_dir / "locks" / "secrets.lock"):
            if not path.exists():  # another process may have made it meanwhile
                _create(path, randomness.token_urlsafe(_BYTES))
    return path.read_text(encoding="utf-8").strip()


def _create(path: Path, value: str) -> None:
    """Write the file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, temporary = tempfile.mkstemp(dir=path.parent)  # mode 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(value + "\n")
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
