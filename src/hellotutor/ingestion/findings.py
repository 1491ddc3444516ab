"""What `hellotutor check` finds: something that is wrong, what to do about it, and how it is mended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hellotutor.documents.models import DocumentVersion


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong.

    Attributes:
        code: stable name of what kind it is.
        subject: which document, note or file, by ids that say nothing of a person.
        advice: what it means and what to do.
        filename: what the learner calls the file; empty where that isn't known.
        mend: mends it and returns what was done; empty when it could not be, or somebody works on it meanwhile. None
            where nobody but a person can.
    """

    code: str
    subject: str
    advice: str
    filename: str = ""
    mend: Callable[[], str] | None = None


@dataclass(slots=True)
class Tally:
    """What was looked at.

    Attributes:
        versions: of documents.
        passages: that these have.
        files: in the storage, of uploads.
        in_flux: versions that somebody works on, of which nothing can be said now.
        waiting: versions that a worker goes on with, what they lack being made then.
        to_be_removed: notes of files that are to go and aren't overdue.
    """

    versions: int = 0
    passages: int = 0
    files: int = 0
    in_flux: int = 0
    waiting: int = 0
    to_be_removed: int = 0


def describe(version: DocumentVersion) -> str:
    """Return what names a version to whoever runs the service; its document has been loaded."""
    return f"document {version.document.public_id}, version {version.number}"
