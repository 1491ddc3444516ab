"""What is measured of a search: how much of the evidence it finds, and how soon."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Answered:
    """What was found for one question.

    Attributes:
        recall: share of the gold characters that were found.
        precision: share of the characters found that are gold.
        iou: characters that are both, over those that are either.
        first_hit: the place, from 1, of the first passage that holds gold; 0 for none.
        took_ms: the query.
    """

    recall: float
    precision: float
    iou: float
    first_hit: int
    took_ms: float


def measure(gold: Sequence[Span], found: Sequence[Sequence[Span]], took_ms: float) -> Answered:
    """Measure what was found for a question.

    Args:
        gold: spans of the corpus that answer it; at least one character.
        found: of each passage, the best first, the spans that were returned of it.
        took_ms: how long that took.
    """
    wanted = _count(gold)
    held = _count(span for spans in found for span in spans)
    both = _overlap(gold, [span for spans in found for span in spans])
    hits = (place for place, spans in enumerate(found, start=1) if _overlap(gold, spans))
    return Answered(
        recall=both / wanted,
        precision=both / held if held else 0.0,
        iou=both / (wanted + held - both),
        first_hit=next(hits, 0),
        took_ms=took_ms,
    )


def summarise(answered: Sequence[Answered]) -> dict[str, Any]:
    """Return the means over these questions, at least one, and the times' percentiles, rounded for people."""
    times = [one.took_ms for one in answered]
    return {
        "n": len(answered),
        "recall": _mean([one.recall for one in answered]),
        "precision": _mean([one.precision for one in answered]),
        "iou": _mean([one.iou for one in answered]),
        "hit_at_1": _mean([one.first_hit == 1 for one in answered]),
        "hit_at_5": _mean([1 <= one.first_hit <= 5 for one in answered]),
        "query_ms": {name: round(float(np.percentile(times, at)), 2) for name, at in (("p50", 50), ("p99", 99))},
    }


def report(by_corpus: Mapping[str, Sequence[Answered]]) -> dict[str, Any]:
    """Return the summary of all questions, and under `by_corpus` that of each corpus."""
    everything = [one for answered in by_corpus.values() for one in answered]
    return {
        **summarise(everything),
        "by_corpus": {name: summarise(answered) for name, answered in by_corpus.items()},
    }


def _mean(values: Sequence[float]) -> float:
    return round(float(np.mean(values)), 4)


def _merge(spans: Iterable[Span]) -> list[Span]:
    """Return the same characters as spans in order that don't touch."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged


def _count(spans: Iterable[Span]) -> int:
    return sum(end - start for start, end in _merge(spans))


def _overlap(one: Iterable[Span], other: Iterable[Span]) -> int:
    """Return how many characters are in both."""
    first, second = list(one), list(other)
    return _count(first) + _count(second) - _count([*first, *second])
