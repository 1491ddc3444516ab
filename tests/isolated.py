"""A data folder of the tests' own, named before anything reads the settings.

With HELLOTUTOR_TEST_DATABASE_URL the tests run in a database beside the one that it names, instead of SQLite.
Loaded with `-p`, because pytest-django reads Django's settings before it loads any conftest.py.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

_DATA_DIR = tempfile.mkdtemp(prefix="hellotutor-tests-")
atexit.register(shutil.rmtree, _DATA_DIR, ignore_errors=True)
_NO_SETTINGS = Path(_DATA_DIR) / "tests.env"  # not the developer's own .env
_NO_SETTINGS.touch()
for _line in (Path(__file__).parents[1] / ".env.example").read_text(encoding="utf-8").splitlines():
    if not _line.startswith("#"):
        os.environ.pop(_line.partition("=")[0], None)
os.environ.update({"ENV_FILE": str(_NO_SETTINGS), "DATA_DIR": _DATA_DIR, "ENV": "test"})
if _url := os.environ.get("HELLOTUTOR_TEST_DATABASE_URL"):
    os.environ["DATABASE_URL"] = _url
