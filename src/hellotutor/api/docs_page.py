"""The reference page: every operation and every code, written from the schema by the server."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from .codes import CODES
from .schema import Generator

_METHODS = ("get", "post", "delete")
_TITLES = {
    "documents": "Documents",
    "sessions": "Sessions",
    "answers": "Answers",
    "insights": "Insights",
    "chat": "Chat",
    "auth": "Signing in",
}


@require_safe
def show_reference(request: HttpRequest) -> HttpResponse:
    """Show the reference."""
    context = {
        "title": "API reference",
        "groups": _groups(),
        "codes": [(code, _words(CODES[code])) for code in sorted(CODES)],
    }
    return render(request, "api/docs.html", context)


@cache
def _groups() -> list[dict[str, Any]]:
    """Return the operations by their tag, made once a process."""
    schema = Generator().get_schema(public=True)  # type: ignore[no-untyped-call]
    operations = [
        _operation(path, method, item[method], schema)
        for path, item in schema["paths"].items()
        for method in _METHODS
        if method in item
    ]
    grouped = {tag: [one for one in operations if one["tag"] == tag] for tag in _TITLES}
    return [{"tag": tag, "title": _TITLES[tag], "operations": found} for tag, found in grouped.items() if found]


def _operation(path: str, method: str, operation: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    body = next(iter(operation.get("requestBody", {}).get("content", {}).items()), None)
    return {
        "id": operation["operationId"],
        "tag": operation["tags"][0],
        "method": method.upper(),
        "path": path,
        "summary": operation.get("summary", ""),
        "words": _words(operation.get("description", "")),
        "parameters": [
            {**one, "words": _words(one.get("description", ""))}
            for one in operation.get("parameters", [])
            if one["in"] != "path"
        ],
        "media_type": body[0] if body else "",
        "fields": _fields(body[1]["schema"], schema) if body else [],
        "answers": [_answer(status, answer, schema) for status, answer in operation["responses"].items()],
    }


def _words(text: str) -> list[str]:
    """Return a text's parts by turns in words and in code, as its backticks say."""
    return text.split("`")


def _answer(status: str, answer: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    content = answer.get("content", {})
    first: dict[str, Any] = next(iter(content.values()), {})
    is_success = status.startswith("2")
    return {
        "status": status,
        "is_success": is_success,
        "description": answer.get("description", ""),
        "media_types": " or ".join(content),
        "fields": _fields(first.get("schema", {}), schema) if is_success else [],
    }


def _fields(shape: dict[str, Any], schema: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the fields of an object by name, type and meaning."""
    shape = _resolve(shape, schema)
    required = shape.get("required", [])
    return [
        {
            "name": name,
            "type": _type(field, schema),
            "is_required": name in required,
            "words": _words(field.get("description", "")),
            "default": json.dumps(field["default"]) if "default" in field else "",
        }
        for name, field in shape.get("properties", {}).items()
    ]


def _resolve(shape: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in shape or "allOf" in shape:
        shape = shape["allOf"][0] if "allOf" in shape else shape
        if "$ref" in shape:
            shape = schema["components"]["schemas"][shape["$ref"].rsplit("/", 1)[-1]]
    return shape


def _type(field: dict[str, Any], schema: dict[str, Any]) -> str:
    """Return a field's type in a few words."""
    null = " or null" if field.get("nullable") else ""
    shape = _resolve(field, schema)
    if "oneOf" in shape:
        return " | ".join(filter(None, (_type(one, schema) for one in shape["oneOf"]))) + null
    if "enum" in shape:
        return " | ".join(str(value) for value in shape["enum"] if value not in ("", None)) + null
    if shape.get("type") == "array":
        return f"list of {_type(shape['items'], schema)}{null}"
    if "properties" in shape:
        return "{" + ", ".join(shape["properties"]) + "}" + null
    return str(shape.get("format") or shape.get("type", "any")) + null
