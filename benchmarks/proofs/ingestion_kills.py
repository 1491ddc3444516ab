"""Ends workers at random instants of their work, as often as wanted, and notes what they were at."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from benchmarks.proofs.ingestion_site import POLL_S, Site

_SHORTEST_PAUSE_S, _LONGEST_PAUSE_S = 0.002, 0.4  # stages last from milliseconds to seconds
_AT_START, _AT_READING = 0.1, 0.35
_READING = ("queued", "reading")


@dataclass
class Kills:
    """What was done to the workers.

    Attributes:
        hit: how many ended in the middle of what: `reading`, `embedding`, or `neither` (starting, between two slices).
        set_aside: how often a document was set aside because its workers had died, and was tried again.
    """

    hit: Counter[str] = field(default_factory=Counter)
    set_aside: int = 0

    @property
    def count(self) -> int:
        """How many there were."""
        return self.hit.total()


@dataclass
class Killer:
    """Ends workers while documents go in.

    The instants: so far into the work that is left, in passages, as a random number says, and then a random pause
    later; so they fall alike on a fast machine and on a slow one, and the work goes on between them. A third waits for
    a document that is being read, which takes little of the time; a tenth hits a worker that starts.

    Attributes:
        site: where they work.
        moments: the source of chance.
        total: passages to be read and embedded, together, until everything is done.
        kills: where they are noted.
        number: the signal that ends them.
        after: called after each end, before the next worker starts.
    """

    site: Site
    moments: random.Random
    total: int
    kills: Kills
    number: int = signal.SIGKILL
    after: Callable[[], None] = lambda: None
    _dead: set[str] = field(default_factory=set)

    def end(self, times: int) -> None:
        """End workers so many times, each time starting another; fewer where the work ends sooner."""
        for left in range(times, 0, -1):
            done = self.site.progress()
            goal = done + self.moments.uniform(0, 1.6) * (self.total - done) / (left + 1)
            self._wait(lambda: self.site.progress() >= goal)  # noqa: B023
            if self.moments.random() < _AT_START:
                time.sleep(self.moments.uniform(0, 1))
            else:
                wanted = _READING if self.moments.random() < _AT_READING and self._has_unread() else ()
                self._wait(lambda: self._is_at(wanted))  # noqa: B023
                time.sleep(_SHORTEST_PAUSE_S * (_LONGEST_PAUSE_S / _SHORTEST_PAUSE_S) ** self.moments.random())
            if self.site.is_finished():
                break
            self._end(self.moments.choice(self.site.workers))

    def _wait(self, is_so: Callable[[], bool]) -> None:
        self.site.wait_until(lambda: is_so() or self.site.is_finished())

    def _has_unread(self) -> bool:
        return self.site.rows("select 1 from documents_documentversion where status in ('queued', 'reading')") != []

    def _is_at(self, wanted: Sequence[str]) -> bool:
        """Say whether a worker that lives is at something, or at one of the states wanted."""
        return any(
            holder not in self._dead and (not wanted or status in wanted) for status, holder in self.site.claims()
        ) or (bool(wanted) and not self._has_unread())

    def _end(self, worker: subprocess.Popen[bytes]) -> None:
        is_alone = len(self.site.workers) == 1
        self.site.end_worker(worker, self.number)
        held = [(status, holder) for status, holder in self.site.claims() if holder not in self._dead]
        died = [(status, holder) for status, holder in held if is_alone or self.site.is_holder_gone(holder)]
        self._dead |= {holder for _, holder in died}
        self.kills.hit.update(["reading" if status in _READING else "embedding" for status, _ in died] or ["neither"])
        self.after()
        self.site.start_worker()


def finish(site: Site, kills: Kills) -> None:
    """Let the work end; what was set aside on the way, because its workers had died, is tried again as a person would.

    Raises:
        RuntimeError: it doesn't end.
    """
    while True:
        site.wait_until(site.is_finished)
        time.sleep(POLL_S)
        again = int(site.run("tests.ingestion.programs.try_again"))
        kills.set_aside += again
        if not again:
            return
