"""The fields an event may carry, and the form in which each leaves: a private one as a keyed hash and a length."""

from __future__ import annotations

import hashlib
import hmac
import re
import uuid
from enum import Enum
from pathlib import PurePosixPath

from .patterns import redact


class Kind(Enum):
    """What a field holds, which decides how it is sent."""

    COUNT = "count"  # a number
    IDENTIFIER = "identifier"  # a public id: a UUID, or a row's number
    PERSON = "person"  # a user's public id: a UUID and nothing else
    WORD = "word"  # a name out of our own code
    TEXT = "text"  # what a person or a service wrote
    FILENAME = "filename"  # what a person called a file
    KEY = "key"  # an object's name in storage


FIELD_KINDS: dict[str, Kind] = {
    "chunk_count": Kind.COUNT,
    "command": Kind.WORD,
    "document_id": Kind.IDENTIFIER,
    "error_type": Kind.WORD,
    "filename": Kind.FILENAME,
    "index": Kind.WORD,
    "qa_pairs_count": Kind.COUNT,
    "query_snippet": Kind.TEXT,
    "response_body": Kind.TEXT,
    "s3_key": Kind.KEY,
    "session_id": Kind.IDENTIFIER,
    "text_count": Kind.COUNT,
    "user_id": Kind.PERSON,
    "vector_count": Kind.COUNT,
    "view": Kind.WORD,
}

# Characters of a text field that are sent when texts are sent at all, as the system that this one replaces sent them.
TEXT_LIMITS = {"query_snippet": 100, "response_body": 500}
_NAME_LIMIT = 200

_WORD = re.compile(r"[A-Za-z_][\w.\-]{0,63}")
_OPAQUE = re.compile(r"[0-9a-f]{16,64}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_EXTENSIONS = frozenset(
    f".{name}"
    for name in (
        *("pdf", "docx", "doc", "pptx", "ppt", "odt", "rtf", "epub", "html", "htm", "xhtml", "md", "markdown"),
        *("txt", "csv", "png", "jpg", "jpeg", "tiff", "zip"),
    )
)


def keyed_hash(text: str, hash_key: bytes) -> str:
    """Return 16 hexadecimal digits that are the same for the same text and say nothing of it without the key."""
    return hmac.new(hash_key, b"hellotutor.monitoring\0" + text.encode(errors="replace"), hashlib.sha256).hexdigest()[
        :16
    ]


def withhold(text: str, hash_key: bytes) -> str:
    """Return what is sent in place of a private text: its keyed hash and its length."""
    return f"[withheld {keyed_hash(text, hash_key)}, {len(text)} characters]"


def protect(name: str, value: object, *, hash_key: bytes, include_text: bool) -> str | int | float:
    """Return the form in which a field is sent.

    Args:
        name: a key of `FIELD_KINDS`.
        value: what the caller gave; what doesn't fit the field's kind is withheld, never refused.
        hash_key: the key of the hashes.
        include_text: whether private fields are sent as they are, redacted and cut to their limit.
    """
    kind = FIELD_KINDS[name]
    text = str(value)
    if _is_plain(kind, value):
        return value if isinstance(value, (int, float)) else text
    if kind in (Kind.TEXT, Kind.FILENAME, Kind.KEY) and include_text:
        return redact(text)[: TEXT_LIMITS.get(name, _NAME_LIMIT)]
    if kind is Kind.KEY:
        return _withhold_key(text, hash_key)
    if kind is Kind.FILENAME:
        return withhold(text, hash_key) + _extension(text)
    return withhold(text, hash_key)


def _is_plain(kind: Kind, value: object) -> bool:
    """Say whether a value is what its kind promises, and so may be sent as it is."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind is Kind.COUNT:
        return is_number
    if kind is Kind.IDENTIFIER:
        return is_number or _is_uuid(str(value))
    if kind is Kind.PERSON:
        return _is_uuid(str(value))
    text = str(value)
    return kind is Kind.WORD and bool(_WORD.fullmatch(text)) and redact(text) == text


def _is_uuid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True


def _withhold_key(key: str, hash_key: bytes) -> str:
    """Keep an object name's opaque folders (tenant tag, version) and withhold the rest, always its last part."""
    parts = key.split("/")
    opaque = next((at for at, part in enumerate(parts[:-1]) if not _OPAQUE.fullmatch(part)), len(parts) - 1)
    tail = "/".join(parts[opaque:])
    return "/".join([*parts[:opaque], withhold(tail, hash_key) + _extension(tail)])


def _extension(name: str) -> str:
    """Return a well-known extension; any other may be a word of the name."""
    suffix = PurePosixPath(name).suffix.lower()
    return suffix if suffix in _EXTENSIONS else ""
