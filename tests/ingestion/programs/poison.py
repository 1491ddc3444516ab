"""Parts of the pipeline with a reader that some files end the program of, until an antidote lies in the data folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from django.conf import settings
from tests.ingestion.hashing_parts import hashing_parts

from hellotutor.ingestion.rag_ingestion import IngestionParts
from hellotutor.ingestion.readers.base import FileType, ReadPage
from hellotutor.ingestion.readers.text import TextReader

MARK = b"poison"
EXIT_CODE = 66


class PoisonedReader(TextReader):
    """Reads text that begins with the mark, and ends the program at once."""

    def can_read(self, file_type: FileType, head: bytes) -> bool:
        return head.startswith(MARK)

    def _read(self, path: Path, first: int) -> Iterator[ReadPage]:
        if not (Path(settings.DATA_DIR) / "antidote").exists():
            os._exit(EXIT_CODE)
        yield from super()._read(path, first)


def poisoned_parts() -> IngestionParts:
    """Return the program's parts, with a reader that dies of some files, and hashes for vectors."""
    parts = hashing_parts()
    return replace(parts, readers=(PoisonedReader(), *parts.readers))
