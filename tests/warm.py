"""Runs the program again and again without importing it each time, which is most of what a short command costs.

A process of its own has imported it once, before anything of a run is known: each run is a fork of it with the
arguments, the environment and the folder of that run, and ends as the program ends. What is about the start itself (a
signal during the imports, a command that is typed into) starts the program anew instead.
"""

from __future__ import annotations

import atexit
import functools
import importlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

ROOT = Path(__file__).parents[1]
TIMEOUT_S = 120
DATABASE = "hellotutor.sqlite3"
# what every command imports once the settings are known, and can be imported before
_IMPORTED_LATER = ("django.core.management.commands.migrate", "django.db.backends.sqlite3.base", "numpy", "sentry_sdk")


def run_program(
    arguments: Sequence[str], *, environment: Mapping[str, str], folder: Path | None = None, stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run the program to its end, in `folder` or where the tests run, with nothing but this environment."""
    with tempfile.TemporaryDirectory(prefix="hellotutor-warm-") as name:
        streams = [Path(name, stream) for stream in ("in", "out", "err")]
        streams[0].write_bytes(stdin.encode())
        code = _warm().run(
            {
                "arguments": list(arguments),
                "environment": dict(environment),
                "folder": str(folder or Path.cwd()),
                "streams": [str(path) for path in streams],
            }
        )
        out, err = (path.read_text(encoding="utf-8") for path in streams[1:])
    return subprocess.CompletedProcess(list(arguments), code, out, err)


def prepare_data_dir(data_dir: Path) -> None:
    """Make a data folder with a database that is up to date, as the first start leaves it behind."""
    data_dir.mkdir(mode=0o700, parents=True)
    shutil.copy(_empty_database(), data_dir)


@functools.cache
def _empty_database() -> Path:
    data_dir = Path(tempfile.mkdtemp(prefix="hellotutor-prepared-"))
    atexit.register(shutil.rmtree, data_dir, ignore_errors=True)
    ran = run_program(["insights", "--list"], environment=_bare_environment() | {"DATA_DIR": str(data_dir)})
    assert (data_dir / DATABASE).exists(), ran.stderr
    return data_dir / DATABASE


def _bare_environment() -> dict[str, str]:
    passed = {name: os.environ[name] for name in ("PATH", "LANG", "SYSTEMROOT") if name in os.environ}
    return {**passed, "HOME": tempfile.gettempdir(), "ENV": "test"}


class _Warm:
    """The process that has imported the program, and runs one command after the other."""

    def __init__(self) -> None:
        self._one_at_a_time = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.warm"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            cwd=ROOT,
            env={**_bare_environment(), "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        )
        atexit.register(self.end)

    def run(self, wanted: Mapping[str, object]) -> int:
        """Return the exit code; below 0 it is the signal that ended the run."""
        assert self._process.stdin
        assert self._process.stdout
        with self._one_at_a_time:
            self._process.stdin.write(json.dumps(wanted) + "\n")
            self._process.stdin.flush()
            return int(self._process.stdout.readline())

    def end(self) -> None:
        """Let the process end."""
        self._process.communicate()


@functools.cache
def _warm() -> _Warm:
    return _Warm()


def _serve() -> None:
    """Run what comes on standard input, one line of JSON each, and answer with its exit code."""
    for name in ("hellotutor.cli.entry", "hellotutor.cli.main", *_IMPORTED_LATER):
        importlib.import_module(name)
    requests, answers = os.fdopen(os.dup(0), encoding="utf-8"), os.fdopen(os.dup(1), "w", encoding="utf-8")
    while line := requests.readline():
        child = os.fork()
        if child == 0:
            _become(json.loads(line), requests, answers)
            importlib.import_module("hellotutor.cli.entry").main()  # ends the process
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), file=answers, flush=True)


def _become(wanted: Mapping[str, list[str]], *ours: IO[str]) -> None:
    """Make this process one that was started with these arguments."""
    for pipe in ours:
        os.close(pipe.fileno())
    for number, path in enumerate(wanted["streams"]):
        stream = os.open(path, os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(stream, number)
        os.close(stream)
    sys.stdin, sys.stdout, sys.stderr = (open(n, "w" if n else "r", closefd=False) for n in range(3))  # noqa: SIM115
    os.environ.clear()
    os.environ.update(wanted["environment"])
    os.chdir(str(wanted["folder"]))
    sys.argv = ["hellotutor", *wanted["arguments"]]
    signal.alarm(TIMEOUT_S)


if __name__ == "__main__":
    _serve()
