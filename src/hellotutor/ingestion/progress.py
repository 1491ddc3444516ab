"""How far a version has come, in words and in numbers: what the pages, the API and the terminal tell alike."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hellotutor.core import clock
from hellotutor.documents.models import DocumentVersion
from hellotutor.documents.selectors import is_in_hand

Status = DocumentVersion.Status


@dataclass(frozen=True, slots=True)
class Progress:
    """What is told of a version.

    Attributes:
        label: one or two words.
        status: the stored status, which colours the label.
        line: one sentence: what happens, and what can be done already.
        is_working: whether this will change by itself.
        is_usable: whether something can be studied.
        is_retryable: whether it can be tried again, or gone on with.
        done: how much of `total` is done, where that is known.
        total: pages while it is read, passages afterwards.
    """

    label: str
    status: str
    line: str
    is_working: bool
    is_usable: bool
    is_retryable: bool = False
    done: int | None = None
    total: int | None = None

    @property
    def is_unreadable(self) -> bool:
        """Whether nothing can be studied, and nothing will change that by itself."""
        return not (self.is_working or self.is_usable)


def describe_progress(version: DocumentVersion, *, is_search_by_words: bool) -> Progress:
    """Return how far `version` has come; without an embedder it is ready when it is read."""
    status = Status(version.status)
    if status in (Status.QUEUED, Status.READING):
        return _describe_reading(version)
    if status == Status.EMBEDDING and version.error_code:
        line = "You can study and ask; searching it by meaning could not be prepared, so it is searched by words."
        return Progress("Ready", status, line, is_working=False, is_usable=True, is_retryable=True)
    if status == Status.EMBEDDING and not is_search_by_words:
        return _describe_embedding(version)
    if status in (Status.EMBEDDING, Status.INDEXED):
        return Progress("Ready", Status.INDEXED, "You can study and ask.", is_working=False, is_usable=True)
    return _describe_end(version)


def describe_replacement(version: DocumentVersion) -> Progress:
    """Return how far a version has come that is to take another one's place; that one is studied until then."""
    if version.status in (Status.FAILED, Status.CANCELLED):
        is_stopped = version.status == Status.CANCELLED
        line = "Reading it was stopped." if is_stopped else version.error_message
        label = "Stopped" if is_stopped else "Not readable"
        return Progress(label, version.status, line, is_working=False, is_usable=False, is_retryable=True)
    is_begun = is_worked_on(version) or version.pages_read > 0
    so_far = f"{_count_pages(version)} of it are read." if version.pages_read else ""
    now = _what_now(version) if is_worked_on(version) or retry_at(version) or not is_begun else "It waits for its turn."
    return Progress(
        "Reading" if is_begun else "Waiting",
        Status.READING if is_begun else Status(version.status),
        " ".join(part for part in (so_far, now) if part),
        is_working=True,
        is_usable=False,
        done=version.pages_read if version.pages_total else None,
        total=version.pages_total if is_begun else None,
    )


def is_worked_on(version: DocumentVersion) -> bool:
    """Say whether a program works on it at this moment; otherwise it waits, or nothing is left to do."""
    is_claimed = version.lease_until is not None and version.lease_until >= clock.now()
    return is_claimed and is_in_hand(version)


def retry_at(version: DocumentVersion) -> datetime | None:
    """Return when it is tried again, where something failed that may pass; `error_message` says what."""
    is_later = version.not_before is not None and version.not_before > clock.now()
    return version.not_before if is_later and is_in_hand(version) else None


def _describe_reading(version: DocumentVersion) -> Progress:
    read, total = version.pages_read, version.pages_total
    is_usable = version.passages_read > 0
    status = Status.READING if is_usable or is_worked_on(version) else Status(version.status)
    return Progress(
        "Reading" if status == Status.READING else "Waiting",
        status,
        " ".join(part for part in (_so_far(version), _what_now(version)) if part),
        is_working=True,
        is_usable=is_usable,
        done=read if total else None,
        total=total if read or is_worked_on(version) else None,
    )


def _so_far(version: DocumentVersion) -> str:
    if not version.passages_read:
        return ""
    if not version.pages_total:
        return "Its beginning is read, and you can study that already."
    return f"{_count_pages(version)} are read, and you can study these already."


def _what_now(version: DocumentVersion) -> str:
    """Say what is done to it, where that isn't plain from how far it has come."""
    if again := retry_at(version):
        return f"{version.error_message} It is tried again at {again:%H:%M} UTC."
    if is_worked_on(version):
        return "" if version.pages_read else "It is being read."
    return "The rest waits for its turn." if version.passages_read else "It waits for its turn to be read."


def _describe_embedding(version: DocumentVersion) -> Progress:
    line = "You can study and ask now; search by meaning follows."
    if again := retry_at(version):
        line = f"{line} {version.error_message} It is tried again at {again:%H:%M} UTC."
    return Progress(
        "Almost ready",
        Status.EMBEDDING,
        line,
        is_working=True,
        is_usable=True,
        done=version.passages_embedded,
        total=version.passages_read,
    )


def _describe_end(version: DocumentVersion) -> Progress:
    """Tell of a version whose reading failed or was stopped: what was read before that can be studied."""
    is_stopped, is_usable = version.status == Status.CANCELLED, version.passages_read > 0
    why = "Reading it was stopped." if is_stopped else version.error_message
    label = "Incomplete" if is_usable else "Stopped" if is_stopped else "Not readable"
    if is_usable and version.pages_read == version.pages_total:
        label, why = "Stopped", "You can study and ask; preparing it for search by meaning was stopped."
    elif is_usable:
        why = f"{why} You can study what was read before that: {_count_pages(version)}."
    return Progress(label, version.status, why, is_working=False, is_usable=is_usable, is_retryable=True)


def _count_pages(version: DocumentVersion) -> str:
    unit = "page" if version.reader.startswith("pdf") else "section"
    of_all = f" of {version.pages_total:,}" if version.pages_total else ""
    return f"{version.pages_read:,}{of_all} {unit}{'s' * ((version.pages_total or version.pages_read) != 1)}"
