"""Rebuilds an event out of what may leave; whatever is not named here stays at home.

An allowlist, because no pattern finds a learner's sentence: text of exceptions (pydantic's `input_value`, Postgres'
`Key (email)=(…)`, a vendor's reply that echoes the key) is not searched but withheld. Patterns run over what remains.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import Any

from hellotutor.core.errors import HelloTutorError

from .chain import walk
from .fields import FIELD_KINDS, withhold
from .patterns import redact
from .trails import scrub_breadcrumb, scrub_span

TAGS = frozenset({"failure", "component", "method", "function", "view", "stage", "code", "error_type"})

_KEPT = ("event_id", "type", "level", "platform", "timestamp", "start_timestamp", "release", "environment", "sdk")
_CONTEXTS = {
    "failure": TAGS | FIELD_KINDS.keys(),
    "trace": frozenset({"trace_id", "span_id", "parent_span_id", "op", "status", "origin"}),
    "runtime": frozenset({"name", "version"}),
}
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_HEADERS = frozenset({"accept", "content-length", "content-type"})
_MECHANISM = frozenset({"type", "handled", "exception_id", "parent_id", "source", "is_exception_group"})
_FRAME = frozenset({"function", "module", "lineno", "in_app"})
_SOURCE = ("pre_context", "context_line", "post_context")
# What CPython itself says in these is always the same.
_SAFE_TYPES = frozenset({"MemoryError", "RecursionError", "ZeroDivisionError"})
_CODE = re.compile(r"[a-z][a-z0-9_.]{0,79}")
_USER_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LONGEST_VALUE = 600


def scrub_event(
    event: Mapping[str, Any], hint: Mapping[str, Any] | None = None, *, hash_key: bytes = b""
) -> dict[str, Any]:
    """Return a new event, error or transaction, made of what may leave.

    Args:
        event: as the SDK serialised it.
        hint: the SDK's hint; from the exception in `exc_info` come the codes of our own errors.
        hash_key: the key under which texts that are withheld are told apart.
    """
    clean: dict[str, Any] = {key: event[key] for key in _KEPT if key in event}
    clean |= _transaction(event)
    clean["tags"] = _texts(event.get("tags"), TAGS)
    clean["contexts"] = _contexts(event.get("contexts") or {})
    if "request" in event:
        clean["request"] = _request(event["request"])
    if "exception" in event:
        clean["exception"] = {"values": _exceptions(event["exception"], hint or {}, hash_key)}
    if "breadcrumbs" in event:
        clean["breadcrumbs"] = {"values": [scrub_breadcrumb(crumb) for crumb in _values(event["breadcrumbs"])]}
    if "spans" in event:
        clean["spans"] = [scrub_span(span) for span in event["spans"]]
    if "fingerprint" in event:
        clean["fingerprint"] = [_short(part) for part in event["fingerprint"]]
    user_id = str((event.get("user") or {}).get("id", ""))
    if _USER_ID.fullmatch(user_id):
        clean["user"] = {"id": user_id}
    return clean


def _short(text: object) -> str:
    return redact(str(text))[:_LONGEST_VALUE]


def _values(interface: Any) -> list[Any]:
    values = interface.get("values") if isinstance(interface, Mapping) else interface
    return list(values or ())


def _texts(pairs: Any, allowed: Iterable[str]) -> dict[str, Any]:
    """Keep the allowed keys whose values are scalars, their text redacted."""
    pairs = pairs if isinstance(pairs, Mapping) else {}
    kept = {key: pairs[key] for key in allowed if key in pairs}
    scalars = {key: value for key, value in kept.items() if isinstance(value, (str, int, float))}
    return {key: _short(value) if isinstance(value, str) else value for key, value in scalars.items()}


def _contexts(contexts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _texts(contexts[name], allowed) for name, allowed in _CONTEXTS.items() if name in contexts}


def _transaction(event: Mapping[str, Any]) -> dict[str, Any]:
    """Keep the name of a route; a raw path may hold anything."""
    if "transaction" not in event:
        return {}
    source = (event.get("transaction_info") or {}).get("source", "url")
    name = _short(event["transaction"]) if source in {"route", "view", "component", "task"} else "<no route>"
    return {"transaction": name, "transaction_info": {"source": _short(source)}}


def _request(request: Mapping[str, Any]) -> dict[str, Any]:
    method = str(request.get("method", "")).upper()
    headers = {str(name).lower(): value for name, value in (request.get("headers") or {}).items()}
    return {"method": method if method in _METHODS else "OTHER", "headers": _texts(headers, _HEADERS)}


def _exceptions(interface: Any, hint: Mapping[str, Any], hash_key: bytes) -> list[dict[str, Any]]:
    exc_info = hint.get("exc_info")
    ours = [one for one in walk(exc_info[1]) if isinstance(one, HelloTutorError)] if exc_info else []
    return [_exception(value, ours, hash_key) for value in _values(interface)]


def _exception(value: Mapping[str, Any], ours: list[HelloTutorError], hash_key: bytes) -> dict[str, Any]:
    clean = _texts(value, ("type", "module"))
    clean["value"] = _exception_text(value, ours, hash_key)
    if "mechanism" in value:
        clean["mechanism"] = _texts(value["mechanism"], _MECHANISM)
    frames = (value.get("stacktrace") or {}).get("frames")
    if frames:
        clean["stacktrace"] = {"frames": [_frame(frame) for frame in frames]}
    return clean


def _exception_text(value: Mapping[str, Any], ours: list[HelloTutorError], hash_key: bytes) -> str:
    """Return the code of an error of ours (its message may name a file), and a hash for any other."""
    text = str(value.get("value") or "")
    for error in ours:
        is_same = (type(error).__name__, type(error).__module__) == (value.get("type"), value.get("module"))
        if is_same and text.startswith(error.message) and _CODE.fullmatch(error.code):
            return error.code
    if value.get("type") in _SAFE_TYPES and value.get("module") in (None, "builtins"):
        return _short(text)
    return withhold(text, hash_key) if text else ""


def _frame(frame: Mapping[str, Any]) -> dict[str, Any]:
    """Keep where a frame stands; its source only if it is ours, its variables and its place on the disk never."""
    clean = _texts(frame, _FRAME)
    filename = PurePath(str(frame.get("filename") or ""))
    clean["filename"] = _short(filename.name if filename.is_absolute() else filename)
    is_ours = str(frame.get("module") or "").split(".")[0] == "hellotutor" and filename.parts[:1] == ("hellotutor",)
    return clean | {key: frame[key] for key in _SOURCE if is_ours and key in frame}
