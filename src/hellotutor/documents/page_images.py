"""A PDF's page as a picture, and where on it a quoted passage lies; a child process, `drawing`, finds both out."""

from __future__ import annotations

import atexit
import contextlib
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.files.storage import Storage

from hellotutor.core.errors import Unavailable
from hellotutor.core.processes import LimitedChild

from .local_copies import open_local_copy

# Part of the picture's ETag: a new number makes browsers fetch it anew.
RENDERING_VERSION = 1
_MODULE = "hellotutor.documents.drawing"
_ANSWER_S = 5.0
_TURN_S = 6.0
_REST_S = 300.0
_MOST_RESTING = 1000
_MOST_ANSWER_BYTES = 16 << 20
_MOST_PNG_BYTES = 64 << 20  # uncompressed, the largest picture has 13 MB


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on the picture, in pixels from its upper left corner."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class PageSheet:
    """The size of a page's picture in pixels, and the lines of the quoted passage on it."""

    width: int
    height: int
    boxes: tuple[Box, ...] = ()


class PageDrawer:
    """Has pages drawn and measured, one at a time, by a child that is started when needed and replaced when lost.

    PDFium can be made to draw for ever, to take all memory, or to crash: then this one request fails, and the same is
    refused for five minutes, so that a page that is asked for again and again leaves the child to the others.
    """

    def __init__(self, *, answer_s: float = _ANSWER_S, turn_s: float = _TURN_S) -> None:
        """Make a drawer; no child is started yet.

        Args:
            answer_s: the longest that one page may take.
            turn_s: the longest wait for other requests.
        """
        self._answer_s = answer_s
        self._turn_s = turn_s
        self._turn = threading.Lock()
        self._child: LimitedChild | None = None
        self._resting: dict[tuple[str, str, int], float] = {}  # what ended the child, and until when it is refused

    @property
    def child(self) -> LimitedChild | None:
        """The child at hand."""
        return self._child

    def measure(
        self, *, storage: Storage, key: str, number: int, raw_text: str = "", start: int = 0, end: int = 0
    ) -> PageSheet:
        """Do as `measure_page` says."""
        text = raw_text if end > start else ""
        head, _ = self._ask("measure", storage, key, number, raw_text=text, start=start, end=end)
        return PageSheet(head["width"], head["height"], tuple(Box(*box) for box in head["boxes"]))

    def render(self, *, storage: Storage, key: str, number: int) -> bytes:
        """Do as `render_page` says."""
        _, png = self._ask("render", storage, key, number)
        return png

    def close(self) -> None:
        """End the child, if there is one; the next request starts another."""
        child, self._child = self._child, None
        if child:
            child.end()

    def _ask(
        self, task: str, storage: Storage, key: str, number: int, **arguments: str | int
    ) -> tuple[dict[str, Any], bytes]:
        """Return the child's answer, and the picture that follows it.

        Raises:
            Unavailable: as for `measure_page`.
        """
        what = task, key, number
        with _opened(storage, key) as path:
            return self._ask_in_turn(what, {"task": task, "path": str(path), "number": number, **arguments})

    def _ask_in_turn(self, what: tuple[str, str, int], request: dict[str, str | int]) -> tuple[dict[str, Any], bytes]:
        if not self._turn.acquire(timeout=self._turn_s):
            raise _not_drawn(retryable=True)
        try:
            if self._resting.get(what, 0) > time.monotonic():
                raise _not_drawn()
            return self._exchange(request)
        except EOFError as error:
            self.close()
            self._let_rest(what)
            raise _not_drawn() from error
        except OSError as error:  # it can't be started, or was lost before it heard of this page
            self.close()
            raise _not_drawn(retryable=True) from error
        finally:
            self._turn.release()

    def _let_rest(self, what: tuple[str, str, int]) -> None:
        if len(self._resting) >= _MOST_RESTING:
            del self._resting[next(iter(self._resting))]
        self._resting[what] = time.monotonic() + _REST_S

    def _exchange(self, request: dict[str, str | int]) -> tuple[dict[str, Any], bytes]:
        if self._child and not self._child.is_running:
            self.close()
        child = self._child = self._child or LimitedChild(_MODULE)
        with child.killed_after(self._answer_s):
            child.send(json.dumps(request).encode())
            line = child.read_line(_MOST_ANSWER_BYTES)
            if not line.endswith(b"\n"):
                raise EOFError("it was killed, or has crashed")
            head: dict[str, Any] = json.loads(line)
            png = child.read(min(head.get("png_bytes", 0), _MOST_PNG_BYTES))
        if len(png) != head.get("png_bytes", 0):
            raise EOFError("the picture ends early")
        if "failed" in head:
            raise _not_drawn()
        return head, png


def measure_page(
    *, storage: Storage, key: str, number: int, raw_text: str = "", start: int = 0, end: int = 0
) -> PageSheet:
    """Return the size of a page's picture, and the boxes of the characters [start, end) of its text.

    Args:
        storage: where the PDF lies.
        key: its name there.
        number: 1-based physical page.
        raw_text: the page's text as its reader gave it.
        start: offset in `raw_text`; no boxes are looked for where `end` isn't greater.
        end: offset in `raw_text`.

    Returns:
        The sheet; without boxes where the words can't be found on the page.

    Raises:
        Unavailable: the page can't be drawn, or not within 5 s (`page_not_drawn`); its file can't be had.
    """
    return _MEASURER.measure(storage=storage, key=key, number=number, raw_text=raw_text, start=start, end=end)


def render_page(*, storage: Storage, key: str, number: int) -> bytes:
    """Return a page as a PNG of 1,200 pixels' width, less where the page is very high.

    Args:
        storage: where the PDF lies.
        key: its name there.
        number: 1-based physical page.

    Raises:
        Unavailable: the page can't be drawn, or not within 5 s (`page_not_drawn`); its file can't be had.
    """
    return _DRAWER.render(storage=storage, key=key, number=number)


@contextlib.contextmanager
def _opened(storage: Storage, key: str) -> Iterator[Path]:
    """Yield where the PDF lies on this machine; where it can't be had, say what that means for the page."""
    with contextlib.ExitStack() as opened:
        try:
            path = opened.enter_context(open_local_copy(storage=storage, key=key))
        except Unavailable as error:
            message = f"This page can't be drawn; its text is here. {error.message}"
            raise Unavailable(error.code, message, retryable=error.retryable) from error
        yield path


def _not_drawn(*, retryable: bool = False) -> Unavailable:
    return Unavailable("page_not_drawn", "This page can't be drawn; its text is here.", retryable=retryable)


# Two, so that no page waits for another's picture.
_MEASURER, _DRAWER = PageDrawer(), PageDrawer()
atexit.register(_MEASURER.close)
atexit.register(_DRAWER.close)
