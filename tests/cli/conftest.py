"""Runs the real program in a process of its own, over a data folder of its own."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.warm import prepare_data_dir, run_program

QUESTION = "What does the moon pull?"
TEXTS = {
    "Diary of Anna Karlsson.md": "# Tides\n\nThe moon pulls the sea, and the sea rises twice a day.\n",
    "cranes.md": "# Cranes\n\nA crane lifts what no hand can lift.\n",
}


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


class Kept:
    """A copy of the library that a test may damage."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.objects = program.data_dir / "objects"

    def sql(self, statement: str, *values: object) -> list[Any]:
        with sqlite3.connect(self.program.data_dir / "hellotutor.sqlite3", timeout=30) as database:
            return database.execute(statement, values).fetchall()

    def check(self, *options: str, **settings: str) -> Ran:
        ran = self.program.run("check", *options, **settings)
        assert "Traceback" not in ran.err
        return ran

    def found(self, *options: str) -> list[tuple[str, str]]:
        """Return sign and code of each finding."""
        return [(line[0], line.split()[1]) for line in self.check(*options).out.splitlines()[:-1]]

    def file(self, pattern: str, filename: str = "cranes.md") -> Path:
        """Return the one file in a document's folder whose name fits."""
        (key,) = self.sql("select storage_key from documents_documentversion where filename = ?", filename)[0]
        (found,) = (self.objects / key).parent.glob(pattern)
        return found

    def everything(self) -> set[str]:
        return {str(path.relative_to(self.objects)) for path in self.objects.rglob("*") if path.is_file()}


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


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """Two documents, read and embedded."""
    program = Program(tmp_path_factory.mktemp("library") / "data", tmp_path_factory.mktemp("files"))
    paths = [program.folder / name for name in TEXTS]
    for path, text in zip(paths, TEXTS.values(), strict=True):
        path.write_text(text, encoding="utf-8")
    ran = program.run("ask", QUESTION, *paths)
    assert ran.code == 0, ran.err
    return program


@pytest.fixture
def kept(library: Program, tmp_path: Path) -> Kept:
    shutil.copytree(library.data_dir, tmp_path / "data")
    return Kept(Program(tmp_path / "data", library.folder))


def is_one_sentence(ran: Ran) -> bool:
    """Say whether a failed run told one plain thing: no traceback, no result, one line that says what is wrong."""
    lines = [line for line in ran.err.splitlines() if line.startswith("✗")]
    return ran.code == 1 and ran.out == "" and len(lines) == 1 and "Traceback" not in ran.err
