"""`hellotutor documents`: what there is to study, and how far each has been read."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from rich.live import Live
from rich.table import Table
from rich.text import Text

from hellotutor.accounts.models import User
from hellotutor.config import composition
from hellotutor.config.versions import is_in_hand
from hellotutor.documents.models import Document, DocumentVersion
from hellotutor.documents.selectors import find_standing, list_documents
from hellotutor.ingestion.progress import Progress, describe_progress, describe_replacement, is_worked_on, retry_at

from .console import emit, note, out
from .learner import LOCAL_EMAIL
from .link import find_user

_PAUSE_S = 1.0
_HEADERS = ("Document", "State", "Pages", "Passages", "Embedded", "Work")
_COLOURS = {"indexed": "green", "reading": "yellow", "embedding": "yellow", "failed": "red", "queued": "blue"}


def documents(
    email: Annotated[str, typer.Argument(metavar="[EMAIL]", help="Whose they are.")] = LOCAL_EMAIL,
    watch: Annotated[bool, typer.Option("--watch", help="Go on until everything is read.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line, for programs.")] = False,
) -> None:
    """List documents with how far they have been read: pages, passages, vectors, seconds of work."""
    user = find_user(email)
    if as_json or not out.is_terminal:
        _write_lines(user, is_watched=watch, as_json=as_json)
        return
    with Live(console=out, auto_refresh=False) as live:
        for lines in _look(user, is_watched=watch):
            live.update(_draw(lines), refresh=True)
    if not lines:
        note("▸ There are none yet: hellotutor study FILE adds one.")


@dataclass(frozen=True, slots=True)
class _Line:
    """A document, or the file that is to take its place."""

    version: DocumentVersion
    progress: Progress
    is_replacement: bool

    @property
    def cells(self) -> tuple[str, ...]:
        """What stands in the columns."""
        version = self.version
        total = f"/{version.pages_total:,}" if version.pages_total else ""
        return (
            f"↳ {version.filename}" if self.is_replacement else version.document.title,
            self.progress.label,
            f"{version.pages_read:,}{total}",
            f"{version.passages_read:,}",
            f"{version.passages_embedded:,}",
            f"{version.working_s:,.0f} s",
        )

    def as_json(self) -> dict[str, Any]:
        """Return it for a program; the names are those of the API."""
        version, again = self.version, retry_at(self.version)
        return {
            "id": str(version.document.public_id),
            "version_id": str(version.public_id),
            "title": version.document.title,
            "filename": version.filename,
            "is_replacement": self.is_replacement,
            "status": str(version.status),
            "error_code": version.error_code,
            "sentence": self.progress.line,
            "pages_read": version.pages_read,
            "pages_total": version.pages_total,
            "passages_read": version.passages_read,
            "passages_embedded": version.passages_embedded,
            "seconds": round(version.working_s, 1),
            "retry_at": again.isoformat() if again else None,
            "is_worked_on": is_worked_on(version),
        }


def _look(user: User, *, is_watched: bool) -> Iterator[list[_Line]]:
    """Yield the lines as they are, and while they are watched again and again until nothing more is to be done."""
    while True:
        lines = [line for document in list_documents(user) for line in _lines_of(document)]
        yield lines
        if not (is_watched and any(is_in_hand(line.version) for line in lines)):
            return
        time.sleep(_PAUSE_S)


def _lines_of(document: Document) -> Iterator[_Line]:
    standing = find_standing(document)
    is_search_by_words = composition.embedder() is None
    described = describe_progress(standing.current, is_search_by_words=is_search_by_words)
    yield _Line(standing.current, described, is_replacement=False)
    if standing.replacement:
        yield _Line(standing.replacement, describe_replacement(standing.replacement), is_replacement=True)


def _draw(lines: list[_Line]) -> Table:
    table = Table(box=None, pad_edge=False, expand=False)
    for number, header in enumerate(_HEADERS):
        table.add_column(header, justify="left" if number < 2 else "right", overflow="fold", no_wrap=number > 1)
    for line in lines:
        name, state, *numbers = line.cells
        words = "" if line.progress.status == "indexed" else f"\n{line.progress.line}"
        first = Text.assemble(name, (words, "dim"))
        table.add_row(first, Text(state, style=_COLOURS.get(line.progress.status, "")), *numbers)
    return table


def _write_lines(user: User, *, is_watched: bool, as_json: bool) -> None:
    """Write a line of text for each, and while they are watched once more whenever it changes."""
    told: dict[str, dict[str, Any]] = {}
    for lines in _look(user, is_watched=is_watched):
        for line in lines:
            said = line.as_json()
            if told.get(said["version_id"]) == said:
                continue
            told[said["version_id"]] = said
            if as_json:
                emit(said)
            else:
                typer.echo("\t".join(" ".join(cell.split()) for cell in (*line.cells, line.progress.line)))
