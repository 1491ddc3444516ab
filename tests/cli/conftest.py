"""Runs the real program in a process of its own, over a data folder of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.warm import prepare_data_dir, run_program


@dataclass(frozen=True)
class Ran:
    """What a run of the program left behind."""

    code: int
    out: str
    err: str

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["event"] == kind]


@dataclass(frozen=True)
class Program:
    """The program over one data folder."""

    data_dir: Path
    folder: Path

    def environment(self, **settings: str) -> dict[str, str]:
        passed = {name: os.environ[name] for name in ("PATH", "LANG", "SYSTEMROOT") if name in os.environ}
        return {**passed, "HOME": str(self.folder), "DATA_DIR": str(self.data_dir), "ENV": "test", **settings}

    def start(self, *arguments: str | Path, **settings: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "hellotutor", *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            cwd=self.folder,
            env=self.environment(**settings),
        )

    def run(self, *arguments: str | Path, stdin: str = "", **settings: str) -> Ran:
        ran = run_program(
            list(map(str, arguments)), environment=self.environment(**settings), folder=self.folder, stdin=stdin
        )
        return Ran(ran.returncode, ran.stdout, ran.stderr)


@pytest.fixture
def program(bare_program: Program) -> Program:
    """The program over a data folder that has a database already."""
    prepare_data_dir(bare_program.data_dir)
    return bare_program


@pytest.fixture
def bare_program(tmp_path: Path) -> Program:
    """The program before its first start."""
    folder = tmp_path / "work"
    folder.mkdir()
    return Program(data_dir=tmp_path / "data", folder=folder)


def is_one_sentence(ran: Ran) -> bool:
    """Say whether a failed run told one plain thing: no traceback, no result, one line that says what is wrong."""
    lines = [line for line in ran.err.splitlines() if line.startswith("✗")]
    return ran.code == 1 and ran.out == "" and len(lines) == 1 and "Traceback" not in ran.err
