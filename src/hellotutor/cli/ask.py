"""`hellotutor ask`: one question, answered from the documents with citations, or told that they don't answer it."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.panel import Panel

from hellotutor.accounts.models import User
from hellotutor.config import composition
from hellotutor.config.vectors import find_serving
from hellotutor.core.errors import HelloTutorError, Invalid, NotFound
from hellotutor.documents.models import Document, DocumentVersion, Passage
from hellotutor.documents.selectors import locate
from hellotutor.tutoring.rag_query import query_rag
from hellotutor.tutoring.tutors.base import Evidence

from .console import emit, note, out
from .learner import local_user
from .library import Reading, embed_all, open_documents
from .usage import WrongUsage

_REASONS = {
    "": "the question holds no word to compare",
    "no_embedder": "there is no embedding model (EMBEDDER=none, or hellotutor models fetch gets it)",
    "not_embedded": "the documents have no vectors yet",
}
_MISMATCHES = ("stamp_mismatch", "index_mismatch")


def ask(
    question: Annotated[str, typer.Argument(help="What you want to know.")],
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILE...]", help="Where to look; every document by default.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for programs.")] = False,
) -> None:
    """Ask the documents; every sentence of the reply stands in them, with its page."""
    if not question.strip():
        raise WrongUsage("empty_question", "The question is empty: write what you want to know.")
    user = local_user()
    versions, new = open_documents(user, files) if files else (_every_document(user), set[int]())
    versions = _read(versions, new) if files else _read_what_can_be(versions)
    failure = embed_all(versions)
    reply, found = query_rag(
        message=question.strip(),
        user=user,
        versions=versions,
        search=composition.search(by_words_only=bool(failure)),
        tutor=composition.tutor(by_words_only=bool(failure)),
    )
    if failure:
        note(f"▸ Searched by words only: {failure}")
    elif found.reason in _MISMATCHES:
        note(f"▸ {find_serving().advice}")
    elif found.mode == "lexical":
        reason = _REASONS.get(found.reason, f"the vectors can't be used just now ({found.reason})")
        note(f"▸ Searched by words only: {reason}.")
    if found.reason == "partly_embedded":
        note("▸ Some passages have no vectors yet and were searched by words only.")
    citations = [_citation(evidence) for evidence in reply.citations]
    if as_json:
        emit({"reply": reply.text, "grounded": reply.grounded, "citations": citations})
        return
    out.print(Panel(escape(reply.text), border_style="green" if reply.grounded else "yellow"))
    for number, citation in enumerate(citations, start=1):
        place = f"page {citation['page']}" if citation["page"] else citation["section"]
        out.print(f"[{number}] {citation['document']}{', ' * bool(place)}{place}", style="dim", markup=False)


def _read(versions: list[DocumentVersion], new: Collection[int] = ()) -> list[DocumentVersion]:
    reading = Reading(versions, new)
    reading.start()
    try:
        reading.wait()
    finally:
        reading.stop()
    return versions


def _read_what_can_be(versions: list[DocumentVersion]) -> list[DocumentVersion]:
    """Leave out, and name, what can't be read, or was stopped: nobody asked for it by name."""
    readable: list[DocumentVersion] = []
    for version in versions:
        why = _read_or_say_why(version)
        if why and version.passages_read:
            note(f"▸ Searched as far as it was read: {why}")
        elif why:
            note(f"▸ Left out {why}")
        if not why or version.passages_read:
            readable.append(version)
    if not readable:
        raise Invalid("no_document", "None of your documents can be read: name a file that can.")
    return readable


def _read_or_say_why(version: DocumentVersion) -> str:
    """Read a document, unless that was stopped; return why it isn't read, empty when it is."""
    if version.status == DocumentVersion.Status.CANCELLED:
        return f"{version.filename}: Reading it was stopped."
    try:
        _read([version])
    except NotFound as error:
        version.passages_read = 0  # removed by another program
        return error.message
    except HelloTutorError as error:
        return error.message
    return ""


def _every_document(user: User) -> list[DocumentVersion]:
    versions = [document.current_version for document in Document.objects.for_user(user)]
    if not versions:
        raise Invalid("no_document", "There is no document yet: name a file, for example: hellotutor ask “…” book.pdf")
    return versions


def _citation(evidence: Evidence) -> dict[str, Any]:
    passage = Passage.objects.select_related("page", "end_page").get(pk=evidence.excerpt.passage_id)
    located = locate(passage, evidence.start, evidence.end)
    page = located.page if located else passage.page  # a sentence over a page's end: the page on which it begins
    return {
        "document": evidence.excerpt.document,
        "page": page.number,
        "section": " › ".join(page.heading_path),
        "quote": located.printed if located else evidence.quote,
    }
