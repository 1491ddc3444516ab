"""How a person types a command of this program, so that it runs over the data folder of this very process."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path

from .settings import default_data_dir, get_settings


def command_line(command: str) -> str:
    """Return what to type in a shell, from any folder, for a command such as `link`.

    It is short where the program is on the PATH for good and the data folder is the usual one.
    """
    return " ".join([*_settings_given(), _program(), command])


def _settings_given() -> list[str]:
    """Return the variables that say where the data lies, where this process was given them."""
    given: dict[str, str] = {}
    if os.environ.get("ENV_FILE"):
        given["ENV_FILE"] = str(Path(os.environ["ENV_FILE"]).expanduser().resolve())
    data_dir = get_settings().data_dir
    if os.environ.get("DATA_DIR") and data_dir != default_data_dir():
        given["DATA_DIR"] = str(data_dir)
    return [f"{name}={shlex.quote(value)}" for name, value in given.items()]


def _program() -> str:
    """Return the script that pip installed beside this Python; Python itself where there is none."""
    script = Path(sys.executable).with_name("hellotutor.exe" if sys.platform == "win32" else "hellotutor")
    if not script.exists():
        return f"{shlex.quote(sys.executable)} -m hellotutor"
    on_path = shutil.which("hellotutor")
    is_found = on_path is not None and Path(on_path).resolve() == script.resolve()
    # The PATH of an activated virtual environment is that of one terminal only.
    return "hellotutor" if is_found and "VIRTUAL_ENV" not in os.environ else shlex.quote(str(script))
