"""Files that each hold a span of a version's passages: what an index of immutable files is made of while it grows.

A name ends in `-{first}-{end}` and its suffix; together the files reach as far as they follow each other without a gap.
One that ends in `-last` says that nothing comes after it, so that nobody has to look again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_SPAN = re.compile(r"-(\d{8})-(\d{8})(-last)?\.np[yz]$")


@dataclass(frozen=True, slots=True)
class Part:
    """A file that holds the passages [first, end)."""

    name: str
    first: int
    end: int
    is_last: bool


def name_part(prefix: str, first: int, end: int, suffix: str, *, is_last: bool = False) -> str:
    """Return the name of the file that holds the passages [first, end)."""
    return f"{prefix}-{first:08d}-{end:08d}{'-last' * is_last}{suffix}"


def find_chain(names: Iterable[str], prefix: str, *, may_overlap: bool = False) -> list[Part]:
    """Return the files, of those that begin with `prefix` and a dash, that reach furthest from passage 0 without a gap.

    Of two that begin at the same passage the longer is taken, so that one that was merged from others replaces them.

    Args:
        names: files of one version.
        prefix: what the names begin with.
        may_overlap: whether a file may begin before the end of the one before it.
    """
    matches = [(name, _SPAN.search(name)) for name in names if name.startswith(f"{prefix}-")]
    found = [Part(name, int(m[1]), int(m[2]), bool(m[3])) for name, m in matches if m]
    chain: list[Part] = []
    reached = 0
    for part in sorted(found, key=lambda part: (part.first, -part.end, not part.is_last)):
        begins = part.first <= reached if may_overlap else part.first == reached
        if begins and (part.end > reached or part.is_last):
            chain.append(part)
            reached = part.end
            if part.is_last:
                break
    return chain


def is_whole(chain: Sequence[Part]) -> bool:
    """Say whether nothing comes after these."""
    return bool(chain) and chain[-1].is_last


def reach(chain: Sequence[Part]) -> int:
    """Return how many passages these hold, from 0 on without a gap."""
    return chain[-1].end if chain else 0
