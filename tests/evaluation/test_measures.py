from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hellotutor.evaluation.measures import measure, report

spans = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 20)).map(lambda at: (at[0], at[0] + at[1])), max_size=6)


def test_recall_precision_and_iou_count_characters() -> None:
    found = measure([(0, 10), (20, 30)], [[(5, 15)], [(40, 50)]], took_ms=3.0)
    assert (found.recall, found.precision, found.first_hit) == (0.25, 0.25, 1)
    assert found.iou == pytest.approx(5 / 35)


def test_a_hit_is_a_passage_that_holds_gold() -> None:
    assert measure([(0, 10)], [[(10, 20)], [(30, 40), (9, 10)]], 1.0).first_hit == 2
    assert measure([(0, 10)], [[(10, 20)]], 1.0).first_hit == 0


def test_nothing_found_is_nothing_recalled() -> None:
    nothing = measure([(0, 10)], [], 1.0)
    assert (nothing.recall, nothing.precision, nothing.iou, nothing.first_hit) == (0, 0, 0, 0)


@given(gold=spans.filter(bool), found=spans)
def test_it_agrees_with_counting_each_character(gold: list[tuple[int, int]], found: list[tuple[int, int]]) -> None:
    measured = measure(gold, [[span] for span in found], 1.0)
    wanted = {at for start, end in gold for at in range(start, end)}
    held = {at for start, end in found for at in range(start, end)}
    assert measured.recall == len(wanted & held) / len(wanted)
    assert measured.precision == (len(wanted & held) / len(held) if held else 0)
    assert measured.iou == len(wanted & held) / len(wanted | held)


def test_the_report_has_all_and_each_corpus() -> None:
    right, wrong = measure([(0, 4)], [[(0, 4)]], 2.0), measure([(0, 4)], [[(8, 9)]] * 5 + [[(0, 1)]], 4.0)
    told = report({"one": [right], "two": [right, wrong]})
    assert told["n"] == 3
    assert told["recall"] == 0.75
    assert told["hit_at_1"] == told["hit_at_5"] == 0.6667
    assert told["query_ms"] == {"p50": 2.0, "p99": 3.96}
    assert list(told["by_corpus"]) == ["one", "two"]
    assert told["by_corpus"]["two"] == {
        "n": 2,
        "recall": 0.625,
        "precision": 0.75,
        "iou": 0.6,
        "hit_at_1": 0.5,
        "hit_at_5": 0.5,
        "query_ms": {"p50": 3.0, "p99": 3.98},
    }
