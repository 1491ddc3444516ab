"""Strips breadcrumbs and spans to where the program went, without a word of what it was carrying."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from .patterns import redact

_PLAIN = re.compile(r"[\w.\-/]{1,80}")
_LOG_SITE = re.compile(r"\w+\.py:\d+")
_HOST = re.compile(r"[a-z0-9][a-z0-9.\-]{0,252}")

# Texts, quoted names and comments, in the order in which they stand; an open one runs to the end.
_SQL_QUOTED = re.compile(
    r"'(?:[^']|'')*(?:'|\Z)|\"(?P<name>[^\"]*)(?:\"|\Z)|\$(?P<tag>\w*)\$.*?(?:\$(?P=tag)\$|\Z)|--[^\n]*|/\*.*?(?:\*/|\Z)",
    re.DOTALL,
)
_SQL_TABLE = re.compile(
    r"\s*(SELECT(?=\b.*?\bFROM\b)|INSERT|UPDATE|DELETE)\b.*?(?:\bFROM|\bINTO|(?<=UPDATE))\s+"
    r"\"?([a-z][a-z0-9]*_[a-z0-9_]{1,60})\"?(?![\w.\"])",
    re.DOTALL,
)
_SQL_VERB = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|PRAGMA|connect)\b")

_CRUMB_KEYS = ("type", "level", "timestamp")
_CRUMB_DATA = frozenset({"method", "http.method", "http.request.method", "status_code", "http.response.status_code"})
_SPAN_KEYS = ("span_id", "parent_span_id", "trace_id", "same_process_as_parent", "start_timestamp", "timestamp")
_SPAN_WORDS = ("op", "origin", "status")
_SPAN_DATA = _CRUMB_DATA | {
    "db.system",
    "gen_ai.agent.name",
    "gen_ai.operation.name",
    "gen_ai.provider.name",
    "gen_ai.request.model",
    "gen_ai.response.model",
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.output_tokens",
    "gen_ai.usage.total_tokens",
}
# The operations whose description is a name out of our own code (a view, a template, a model), not a value.
_NAMED_OPERATIONS = ("gen_ai.", "view.", "template.", "middleware.", "hellotutor.")


def scrub_breadcrumb(crumb: Mapping[str, Any], hint: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return where the program was: for a log record its file and line, for SQL its verb and table, for HTTP the host.

    Args:
        crumb: the breadcrumb as the SDK made it, or as this function left it.
        hint: the SDK's hint; `log_record` in it is the record.
    """
    clean = {key: crumb[key] for key in _CRUMB_KEYS if key in crumb}
    category = _plain(crumb.get("category"))
    if category:
        clean["category"] = category
    message = _crumb_message(crumb, hint or {})
    if message:
        clean["message"] = message
    data = crumb.get("data")
    if isinstance(data, Mapping):
        clean["data"] = _keep(data, _CRUMB_DATA) | _host(data)
    return clean


def _crumb_message(crumb: Mapping[str, Any], hint: Mapping[str, Any]) -> str | None:
    record = hint.get("log_record")
    if record is not None:
        return f"{record.filename}:{record.lineno}"
    message = str(crumb.get("message") or "")
    if crumb.get("category") == "query":
        return summarise_sql(message)
    return message if _LOG_SITE.fullmatch(message) else None


def scrub_span(span: Mapping[str, Any]) -> dict[str, Any]:
    """Return a span with its times, its operation and the numbers it measured."""
    clean = {key: span[key] for key in _SPAN_KEYS if key in span}
    clean |= {key: word for key in _SPAN_WORDS if (word := _plain(span.get(key)))}
    description = _span_description(str(clean.get("op", "")), str(span.get("description") or ""))
    if description:
        clean["description"] = description
    data = span.get("data")
    if isinstance(data, Mapping):
        clean["data"] = _keep(data, _SPAN_DATA)
    return clean


def _span_description(operation: str, description: str) -> str | None:
    if operation == "db" or operation.startswith("db."):
        return summarise_sql(description)
    if operation.startswith("http"):
        return " ".join(_host({"url": part}).get("host", "") for part in description.split()).strip() or None
    if operation.startswith(_NAMED_OPERATIONS):
        return redact(description)[:120]
    return None


def summarise_sql(statement: str) -> str | None:
    """Return a statement's verb and its first table, and nothing that could be a value.

    Only names that look like Django's tables (`app_model`) are told.
    """
    bare = _SQL_QUOTED.sub(_quoted_name, statement)
    found = _SQL_TABLE.match(bare)
    if found:
        verb = {"SELECT": "SELECT FROM", "INSERT": "INSERT INTO", "DELETE": "DELETE FROM"}
        return f"{verb.get(found.group(1), found.group(1))} {found.group(2)}"
    found = _SQL_VERB.match(bare)
    return found.group(1) if found else None


def _quoted_name(match: re.Match[str]) -> str:
    """Keep a quoted name; SQLite takes an unknown one for a text, so it must look like a name."""
    name = match.group("name") or ""
    return f'"{name}"' if re.fullmatch(r"\w+", name) else " "


def _plain(value: object) -> str | None:
    """Return a value that is a name out of code; None for anything else."""
    return value if isinstance(value, str) and _is_name(value) else None


@lru_cache(maxsize=1024)  # a trace repeats a dozen names a thousand times
def _is_name(text: str) -> bool:
    return bool(_PLAIN.fullmatch(text)) and redact(text) == text


def _keep(data: Mapping[str, Any], allowed: frozenset[str]) -> dict[str, Any]:
    kept = {key: data[key] for key in allowed & data.keys()}
    return {key: value for key, value in kept.items() if isinstance(value, (int, float)) or _plain(value)}


def _host(data: Mapping[str, Any]) -> dict[str, str]:
    """Return the host of a breadcrumb's URL."""
    try:
        host = urlsplit(str(data.get("url", ""))).hostname or str(data.get("host", ""))
    except ValueError:
        return {}
    return {"host": host} if _HOST.fullmatch(host) and redact(host) == host else {}
