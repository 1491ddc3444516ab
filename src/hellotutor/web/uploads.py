"""What becomes of each file that is sent: added, there already, or refused in one sentence that names it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from django.core.files.uploadedfile import UploadedFile
from django.urls import reverse

from hellotutor.accounts.models import User
from hellotutor.config.uploads import name_of, receive_file, receive_replacement, receive_upload
from hellotutor.core.errors import Conflict, Invalid
from hellotutor.documents.models import Document
from hellotutor.ingestion.services import Added
from hellotutor.monitoring import count


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a file.

    Attributes:
        name: the file's.
        sentence: for the learner.
        kind: how the sentence is shown.
        url: the page of the document; empty where the file was refused.
        code: why it was refused; empty where it wasn't.
    """

    name: str
    sentence: str
    kind: Literal["good", "calm", "error"]
    url: str = ""
    code: str = ""

    @property
    def is_kept(self) -> bool:
        """Whether there is a document that holds the file."""
        return bool(self.url)

    def as_json(self) -> dict[str, str]:
        """Return it for a script."""
        return {"name": self.name, "sentence": self.sentence, "kind": self.kind, "url": self.url, "code": self.code}


def add_upload(*, owner: User, file: UploadedFile[bytes]) -> Outcome:
    """Add a file that was sent with a form, and have it read."""
    filename = name_of(file)
    return _tell(lambda: receive_upload(owner=owner, file=file), filename)


def add_path(*, owner: User, path: Path, filename: str) -> Outcome:
    """Add the file at `path`, and have it read."""
    return _tell(lambda: receive_file(owner=owner, path=path, filename=filename), filename)


def add_replacement(*, document: Document, file: UploadedFile[bytes]) -> Outcome:
    """Add a file that was sent to take a document's place, and have it read."""
    filename = name_of(file)
    return _tell(lambda: receive_replacement(document=document, file=file), filename, _describe_replacement)


def _tell(
    receive: Callable[[], Added], filename: str, describe: Callable[[Added, str], Outcome] | None = None
) -> Outcome:
    try:
        return (describe or _describe)(receive(), filename)
    except (Invalid, Conflict) as error:
        count(f"document.{error.code}")
        return Outcome(filename, f"{filename}: {error.message}", "error", code=error.code)


def _describe(added: Added, filename: str) -> Outcome:
    document = added.version.document
    url = reverse("web:document", args=[document.public_id])
    if added.is_new:
        return Outcome(filename, f"{filename} is added and will be read now.", "good", url)
    other = "" if document.title == filename else f", as “{document.title}”"
    return Outcome(filename, f"{filename} is among your documents already{other}.", "calm", url)


def _describe_replacement(added: Added, filename: str) -> Outcome:
    url = reverse("web:document", args=[added.version.document.public_id])
    if added.is_new:
        return Outcome(filename, f"{filename} takes this document's place when it has been read.", "good", url)
    return Outcome(filename, f"{filename} is this document's very file already: nothing has changed.", "calm", url)
