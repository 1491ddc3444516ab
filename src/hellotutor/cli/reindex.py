"""`hellotutor reindex`: every vector made anew, by another model or in another index, while the old ones serve."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Annotated

import typer

from hellotutor.config.database import try_hold_reindex
from hellotutor.config.settings import get_settings
from hellotutor.config.startup import migrate
from hellotutor.config.vectors import STALE_S, choose_embedder, open_index, wished_place
from hellotutor.core.database_errors import naming_database_errors
from hellotutor.core.errors import Conflict, HelloTutorError, Unavailable
from hellotutor.embeddings.base import Embedder
from hellotutor.ingestion.reindexing import Reindexing, clear_away
from hellotutor.retrieval import vector_sets
from hellotutor.retrieval.base import VectorIndex
from hellotutor.retrieval.search import stamp_of

from .console import note
from .reindex_show import JsonShow, Show, TerminalShow

_INTERRUPTED = 130
_NICER = 10  # whoever is served meanwhile comes first
_SETTLE_S = 2 * STALE_S  # by then every process asks the new vectors


def reindex(
    embedder: Annotated[str, typer.Option(metavar="NAME", help="What makes the vectors, as in EMBEDDER.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line, for programs.")] = False,
    skip_failed: Annotated[
        bool, typer.Option("--skip-failed", help="Switch also where documents failed: these are searched by words.")
    ] = False,
    leave_old: Annotated[
        bool,
        typer.Option(
            "--leave-old", help="Forget old vectors, and half-made ones, without removing them, where they can't be."
        ),
    ] = False,
) -> None:
    """Make every vector anew with the embedder and in the index of the settings, then switch; serve meanwhile."""
    show: Show = JsonShow() if as_json else TerminalShow()
    try:
        _reindex(show, embedder, skip_failed=skip_failed, leave_old=leave_old)
    except HelloTutorError as error:
        show.refused(error)
        raise


def _reindex(show: Show, embedder: str, *, skip_failed: bool, leave_old: bool) -> None:
    migrate()
    with try_hold_reindex(get_settings()) as is_alone, _stopping() as stop:
        if not is_alone:
            raise Conflict("reindex_runs", "Another hellotutor reindex runs over this library: let it end, or stop it.")
        if hasattr(os, "nice"):
            os.nice(_NICER)
        made_by, index = choose_embedder(embedder), open_index(wished_place())
        with show, naming_database_errors():
            if _is_new(made_by, index):
                _make_anew(made_by, index, show, stop, skip_failed=skip_failed)
                _advise(made_by)
                stop.wait(_SETTLE_S)
            else:
                _fill_up(made_by, index, show, stop)
            _clear_away(show, stop, leave_old=leave_old)
            show.end(str(vector_sets.find_in_force()))


def _is_new(made_by: Embedder, index: VectorIndex) -> bool:
    """Say whether such vectors aren't in force; where none are yet, such ones are from now on."""
    stamp = stamp_of(made_by)
    if vector_sets.find_in_force() is None:
        vector_sets.enter(index.place, stamp)
    current = vector_sets.find_in_force()
    return current is None or (current.place, current.stamp) != (index.place, stamp)


def _make_anew(made_by: Embedder, index: VectorIndex, show: Show, stop: threading.Event, *, skip_failed: bool) -> None:
    run = Reindexing(index, made_by, is_stopped=stop.is_set)
    run.begin()
    is_over = False
    while not is_over:
        for tally in run.embed():
            show.progress(tally)
        _end_where_stopped(show, stop)
        if run.failed and not skip_failed:
            _tell_failed(run, show)
            raise Unavailable(
                "reindex_incomplete",
                f"{len(run.failed)} could not be embedded, so the old vectors stay in force: mend what is named and "
                "run it again, or have these searched by words with --skip-failed.",
            )
        is_over = run.switch()
    show.switched(run.tally)


def _fill_up(made_by: Embedder, index: VectorIndex, show: Show, stop: threading.Event) -> None:
    """Embed again what the index in force has lost, such as one that was deleted and made anew."""
    run = Reindexing(index, made_by, is_stopped=stop.is_set)
    run.begin()
    for tally in run.embed():
        if tally.embedded:
            show.progress(tally)
    _end_where_stopped(show, stop)
    if run.failed:
        _tell_failed(run, show)
        message = f"{len(run.failed)} could not be embedded again: mend what is named and run it again."
        raise Unavailable("reindex_incomplete", message)


def _tell_failed(run: Reindexing, show: Show) -> None:
    for failed in run.failed.values():
        show.failed(failed)


def _advise(made_by: Embedder) -> None:
    """Say what is to be set, where the service would not make such vectors."""
    chosen = get_settings().embedder
    if chosen not in ("auto", "none") and choose_embedder(chosen) is made_by:
        return
    if chosen != "auto":
        note(f"▸ EMBEDDER={chosen} doesn't make such vectors: set EMBEDDER=auto, and start the service again.")


def _clear_away(show: Show, stop: threading.Event, *, leave_old: bool) -> None:
    _end_where_stopped(show, stop)
    if leave_old:
        for old in vector_sets.list_not_in_force():
            old.delete()
            note(f"▸ Left where they are, and forgotten: {old}.")
        return
    try:
        for looked_at in clear_away(open_index, is_stopped=stop.is_set):
            show.cleared(looked_at)
    except Unavailable as error:
        message = (
            f"{_describe_left()} {error.message} Run it again when they can be removed, or with --leave-old, which "
            "forgets them."
        )
        raise Unavailable(error.code, message, retryable=error.retryable) from error
    _end_where_stopped(show, stop)


def _describe_left() -> str:
    """Say what could not be removed: the first of what isn't in force."""
    left = vector_sets.list_not_in_force()[0]
    if left.state == left.State.BUILDING:
        return f"Half-made vectors of an abandoned reindex lie in {left.place} and could not be removed."
    return f"The new vectors are in force, but the old ones in {left.place} could not be removed."


def _end_where_stopped(show: Show, stop: threading.Event) -> None:
    if stop.is_set():
        show.stopped()
        raise typer.Exit(_INTERRUPTED)


@contextmanager
def _stopping() -> Iterator[threading.Event]:
    """Yield what is set when a signal asks for the end, which comes after the batch at hand; asked again, end now."""
    stop = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            os._exit(_INTERRUPTED)
        stop.set()

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
