"""The child that reads one PDF, so that a hostile file harms nobody else.

It is asked by `sandbox` with one line, {"task", "path", "characters", "pages", "start"}, and answers with lines:
an empty one for each page that it got from the file, a JSON object for what it found, and one for how it ended.
"""

from __future__ import annotations

import dataclasses
import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any

from hellotutor.core.errors import Invalid
from hellotutor.core.processes import limit_process, listen

from .readers.base import ReadingLimits, Start
from .readers.pdf import PdfReader

MEMORY_BYTES = 2_000_000_000
NO_MEMORY_CODE = 3


def main() -> None:
    """Do what the parent asks; the process ends with it."""
    limit_process(memory_bytes=MEMORY_BYTES)
    try:
        _answer(json.loads(next(listen())))
    except MemoryError:
        os._exit(NO_MEMORY_CODE)
    os._exit(0)  # without tidying up what a hostile file has left


def _answer(request: dict[str, Any]) -> None:
    try:
        _read(request)
    except Invalid as error:
        _tell({"invalid": [error.code, error.message]})
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - the process's outermost shell: the parent raises it
        frame = traceback.extract_tb(error.__traceback__)[-1]  # never the message: it may hold the document's text
        _tell({"failed": f"{type(error).__name__} at {Path(frame.filename).name}:{frame.lineno}"})


def _read(request: dict[str, Any]) -> None:
    limits = ReadingLimits(characters=request["characters"], pages=request["pages"])
    reader, path = PdfReader(limits, on_page=_beat), Path(request["path"])
    if request["task"] == "count":
        _tell({"count": reader.count_pages(path)})
        return
    for page in reader.read(path, Start(**request["start"])):
        _tell({"page": dataclasses.astuple(page)})
    _tell({"end": True})


def _tell(answer: dict[str, Any]) -> None:
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
    sys.stdout.buffer.flush()


def _beat() -> None:
    sys.stdout.buffer.write(b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
