"""Parts of the pipeline that stop at named gates until a test opens them; run by `ingestion/programs/odd_worker.py`.

GATES names the gates that are closed, separated by commas: `page` before the sixth page is read; `before-vectors` and
`after-vectors` around the writing of the second batch of vectors.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.e2e.running import ANSWER_S, wait_until

ROOT = Path(__file__).parents[2]
_PAGE = 5


class GatedWorker:
    """The real worker in a process of its own, which stops at gates."""

    def __init__(self, data_dir: Path, environment: dict[str, str], *gates: str) -> None:
        self._folder = data_dir / "gates"
        for path in self._folder.glob("*"):
            path.unlink()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.ingestion.programs.odd_worker", f"{__name__}.gated_parts"],
            stdin=subprocess.DEVNULL,
            cwd=ROOT,
            env={**environment, "GATES": ",".join(gates)},
        )

    def wait_for(self, gate: str) -> None:
        """Wait until it stands at a gate."""
        wait_until(lambda: (self._folder / f"{gate}.reached").exists())

    def open(self, gate: str) -> None:
        """Let it through."""
        (self._folder / f"{gate}.open").touch()

    def kill(self) -> None:
        """End it without a chance to do anything more."""
        self.process.kill()
        self.process.wait(ANSWER_S)

    def stop(self) -> int:
        """Ask it to end, and return its exit code."""
        self.process.terminate()
        return self.process.wait(ANSWER_S)


def _stop_at(gate: str) -> None:
    from django.conf import settings  # only the worker has settings

    if gate not in os.environ["GATES"].split(","):
        return
    folder = Path(settings.DATA_DIR) / "gates"
    folder.mkdir(exist_ok=True)
    (folder / f"{gate}.reached").touch()
    while not (folder / f"{gate}.open").exists():
        time.sleep(0.02)


def gated_parts() -> Any:
    """Return the program's parts, with hashes for vectors and gates in reader and index."""
    from django.core.files.storage import storages
    from tests.ingestion.hashing_parts import hashing_parts

    from hellotutor.ingestion.readers.base import ReadPage
    from hellotutor.ingestion.readers.text import TextReader
    from hellotutor.retrieval.local.index import LocalVectorIndex

    class GatedReader(TextReader):
        def _read(self, path: Path, first: int) -> Iterator[ReadPage]:
            for number, page in enumerate(super()._read(path, first), start=first):
                if number == _PAGE:
                    _stop_at("page")
                yield page

    class GatedIndex(LocalVectorIndex):
        def upsert(self, **what: Any) -> None:
            is_second = what["first_ordinal"] > 0
            if is_second:
                _stop_at("before-vectors")
            super().upsert(**what)
            if is_second:
                _stop_at("after-vectors")

    return replace(hashing_parts(), readers=(GatedReader(),), index=GatedIndex(storages["default"]))
