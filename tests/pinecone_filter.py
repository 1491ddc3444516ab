"""Pinecone's language of metadata filters, and its way to say no, as published."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

MOST_VALUES = 10_000  # of $in and $nin
# google.rpc.Code, which the data plane's errors carry
_CODES = {400: 3, 401: 16, 403: 7, 404: 5, 409: 6, 429: 8, 500: 13, 503: 14}


class Refused(Exception):
    """An answer that says no."""

    def __init__(self, status: int, message: str, code: str = "", **headers: str) -> None:
        super().__init__(message)
        self.status, self.message, self.code, self.headers = status, message, code, headers

    @property
    def of_control(self) -> Any:
        """Its body on the control plane."""
        return {"error": {"code": self.code or "UNKNOWN", "message": self.message}, "status": self.status}

    @property
    def of_data(self) -> Any:
        """Its body on the data plane."""
        return {"code": _CODES.get(self.status, 2), "message": self.message, "details": []}


def make_filter(expression: Any) -> Callable[[dict[str, Any]], bool]:
    """Return what a filter lets through; several fields must all pass."""
    tests = list(_tests(expression))
    return lambda metadata: all(test(metadata) for test in tests)


def _tests(expression: Any) -> Iterator[Callable[[dict[str, Any]], bool]]:
    for name, wanted in expression.items():
        if name in ("$and", "$or"):
            parts, combine = [make_filter(part) for part in wanted], all if name == "$and" else any
            yield lambda metadata, parts=parts, combine=combine: combine(part(metadata) for part in parts)
        elif name.startswith("$"):
            raise Refused(400, f"the {name} operator must be followed by a field")
        else:
            conditions = wanted if isinstance(wanted, dict) else {"$eq": wanted}
            for operator, value in conditions.items():
                yield _test(name, operator, value)


def _test(name: str, operator: str, value: Any) -> Callable[[dict[str, Any]], bool]:
    if operator in ("$in", "$nin"):
        if not isinstance(value, list) or len(value) > MOST_VALUES:
            raise Refused(400, f"the {operator} operator must be followed by a list of up to {MOST_VALUES} values")
        values = set(value)
        return lambda metadata: bool(values & _values(metadata, name)) == (operator == "$in")
    if isinstance(value, list | dict):
        raise Refused(400, f"the {operator} operator must be followed by a string, boolean or a number, got {value}")
    if operator == "$exists":
        return lambda metadata: (name in metadata) == value
    if operator in ("$eq", "$ne"):
        return lambda metadata: (value in _values(metadata, name)) == (operator == "$eq")
    compare = {"$gt": float.__gt__, "$gte": float.__ge__, "$lt": float.__lt__, "$lte": float.__le__}.get(operator)
    if compare is None:
        raise Refused(400, f"{operator} is not a valid operator")
    return lambda metadata: name in metadata and compare(float(metadata[name]), float(value))


def _values(metadata: dict[str, Any], name: str) -> set[Any]:
    value = metadata.get(name, ())
    return set(value) if isinstance(value, list | tuple) else {value}
