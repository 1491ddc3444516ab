"""The last door before the network: each hook scrubs, and drops what it could not scrub."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from .chain import sent_id
from .scrubbing import scrub_event
from .trails import scrub_breadcrumb

Scrub = Callable[[Mapping[str, Any], Mapping[str, Any]], dict[str, Any]]

_lock = threading.Lock()
_dropped = 0


def dropped_items() -> int:
    """Return how many items this process dropped because scrubbing them failed."""
    return _dropped


def _drop() -> None:
    global _dropped
    with _lock:
        _dropped += 1


@dataclass(frozen=True, slots=True)
class Hooks:
    """What the SDK calls before an item leaves.

    Attributes:
        scrub_event: makes a clean event of an event and its hint.
        scrub_breadcrumb: makes a clean breadcrumb of a breadcrumb and its hint.
    """

    scrub_event: Scrub
    scrub_breadcrumb: Scrub

    def before_send(self, event: Mapping[str, Any], hint: Mapping[str, Any]) -> dict[str, Any] | None:
        """Scrub an error event; an exception that was sent already is not sent again by a layer above."""
        exc_info = hint.get("exc_info")
        if exc_info and sent_id(exc_info[1]):
            return None
        return _guard(self.scrub_event, event, hint)

    def before_send_transaction(self, event: Mapping[str, Any], hint: Mapping[str, Any]) -> dict[str, Any] | None:
        """Scrub a transaction and its spans (`before_send_span` runs only with streamed spans)."""
        return _guard(self.scrub_event, event, hint)

    def before_breadcrumb(self, crumb: Mapping[str, Any], hint: Mapping[str, Any]) -> dict[str, Any] | None:
        """Scrub a breadcrumb. The SDK keeps the breadcrumb as it was if this raises, so it never does."""
        return _guard(self.scrub_breadcrumb, crumb, hint)


def default_hooks(hash_key: bytes) -> Hooks:
    """Return the hooks that scrub."""
    return Hooks(partial(scrub_event, hash_key=hash_key), scrub_breadcrumb)


def refuse(item: object, hint: object) -> None:
    """Drop an item of a kind that is never sent (logs, metrics)."""


def _guard(scrub: Scrub, item: Mapping[str, Any], hint: Mapping[str, Any]) -> dict[str, Any] | None:
    try:
        return scrub(item, hint)
    except Exception:  # noqa: BLE001  whatever went wrong, the item must not leave
        _drop()
        return None
