"""What `hellotutor reindex` shows while it runs: bars for a person, lines for a log, JSON for a program."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self

from rich.progress import BarColumn, Progress, TextColumn

from hellotutor.core.errors import HelloTutorError
from hellotutor.ingestion.reindexing import Failed, Tally

from .console import complain, emit, errors, note, out

_LOG_EVERY_S, _JSON_EVERY_S = 10.0, 0.5
_MINUTE_S, _HOUR_S = 60, 3600


class Show(ABC):
    """Is told how far a reindex has come; a context, at whose end nothing is shown any more."""

    def __init__(self) -> None:
        self._started = time.monotonic()

    def __enter__(self) -> Self:
        """Begin to show."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """End it."""
        return

    @abstractmethod
    def progress(self, tally: Tally) -> None:
        """Tell how far it has come; called after every batch."""

    @abstractmethod
    def switched(self, tally: Tally) -> None:
        """Tell that the new vectors are in force."""

    @abstractmethod
    def cleared(self, looked_at: int) -> None:
        """Tell how many versions have been looked at to remove old vectors."""

    @abstractmethod
    def end(self, in_force: str) -> None:
        """Tell what is in force, and that nothing is left to do."""

    def failed(self, failed: Failed) -> None:
        """Tell of a document that could not be embedded."""
        complain(f"{failed.subject}: {failed.error.message}")

    def refused(self, error: HelloTutorError) -> None:  # noqa: B027 - a hook
        """Tell why it ended; what tells it to a person does so after this."""

    def stopped(self) -> None:
        """Tell that a signal ended it."""
        note("■ Stopped. Nothing is lost: the same command goes on from here.")

    def rate(self, tally: Tally) -> float:
        """Return passages embedded a second, by this run."""
        return tally.embedded / max(time.monotonic() - self._started, 1e-3)

    def left_s(self, tally: Tally) -> float | None:
        """Return about how many seconds it will take; None where nothing is known yet."""
        left = max(tally.passages_total - tally.passages, 0)
        rate = self.rate(tally)
        return left / rate if rate else None if left else 0.0


class JsonShow(Show):
    """Writes an object a line, as docs/indexes.md says; `progress` and `cleared` twice a second at most."""

    def __init__(self) -> None:
        super().__init__()
        self._told_at = 0.0

    def progress(self, tally: Tally) -> None:
        """Write a `progress` event."""
        if time.monotonic() - self._told_at > _JSON_EVERY_S:
            self._told_at = time.monotonic()
            emit(self._describe("progress", tally))

    def switched(self, tally: Tally) -> None:
        """Write the last `progress` event, and the `switched` event."""
        emit(self._describe("progress", tally))
        emit({"event": "switched"})

    def cleared(self, looked_at: int) -> None:
        """Write a `cleared` event."""
        if time.monotonic() - self._told_at > _JSON_EVERY_S:
            self._told_at = time.monotonic()
            emit({"event": "cleared", "documents": looked_at})

    def end(self, in_force: str) -> None:
        """Write the `done` event."""
        emit({"event": "done", "in_force": in_force})

    def failed(self, failed: Failed) -> None:
        """Write a `failed` event."""
        super().failed(failed)
        emit({"event": "failed", "document": failed.subject, **_of_error(failed.error)})

    def refused(self, error: HelloTutorError) -> None:
        """Write the `error` event."""
        emit({"event": "error", **_of_error(error)})

    def stopped(self) -> None:
        """Write the `stopped` event."""
        super().stopped()
        emit({"event": "stopped"})

    def _describe(self, event: str, tally: Tally) -> dict[str, str | int | float | None]:
        left_s = self.left_s(tally)
        return {
            "event": event,
            "documents": tally.documents,
            "documents_total": tally.documents_total,
            "passages": tally.passages,
            "passages_total": tally.passages_total,
            "passages_per_s": round(self.rate(tally), 1),
            "left_s": None if left_s is None else round(left_s),
        }


class TerminalShow(Show):
    """Shows bars where there is a terminal, and a line now and then where there is none."""

    def __init__(self) -> None:
        super().__init__()
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[told]}"),
            console=errors,
            transient=True,
            disable=not errors.is_terminal,
        )
        self._task = self._bars.add_task("Embedding", total=None, told="")
        self._told_at = self._started

    def __enter__(self) -> Self:
        """Show the bars."""
        self._bars.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Take them away."""
        self._bars.stop()

    def progress(self, tally: Tally) -> None:
        """Show documents, passages, how fast it goes and how long it will take."""
        left_s = self.left_s(tally)
        told = (
            f"{tally.documents:,} of {tally.documents_total:,} documents, "
            f"{tally.passages:,} of {tally.passages_total:,} passages, {self.rate(tally):,.0f} a second"
            + ("" if left_s is None else f", {_in_words(left_s)} left")
        )
        self._bars.update(self._task, completed=tally.passages, total=tally.passages_total, told=told)
        self._log(f"▸ Embedded: {told}.")

    def switched(self, tally: Tally) -> None:
        """Tell of the switch."""
        note(f"▸ Switched: {tally.documents:,} documents, {tally.passages:,} passages. Removing the old vectors.")
        self._bars.reset(self._task, description="Removing", total=tally.documents_total, told="")

    def cleared(self, looked_at: int) -> None:
        """Show how many documents have been gone through."""
        self._bars.update(self._task, completed=looked_at, told=f"{looked_at:,} documents")
        self._log(f"▸ Old vectors removed of {looked_at:,} documents.")

    def end(self, in_force: str) -> None:
        """Tell what is in force."""
        out.print(f"✓ In force: vectors of {in_force}.", markup=False, soft_wrap=True)

    def _log(self, line: str) -> None:
        if self._bars.disable and time.monotonic() - self._told_at > _LOG_EVERY_S:
            self._told_at = time.monotonic()
            note(line)


def _of_error(error: HelloTutorError) -> dict[str, str | bool]:
    return {"code": error.code, "message": error.message, "retryable": error.retryable}


def _in_words(seconds: float) -> str:
    if seconds < _MINUTE_S:
        return f"{seconds:.0f} s"
    if seconds < _HOUR_S:
        return f"{seconds / _MINUTE_S:.0f} min"
    return f"{seconds / _HOUR_S:.1f} h"
