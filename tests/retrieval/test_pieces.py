from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hellotutor.retrieval.lexical.analysis import ENGLISH
from hellotutor.retrieval.pieces import cut, lend, weigh_words

LONGEST = 300


def pieces_of(text: str) -> list[str]:
    return [text[start:end] for start, end in cut(text, [(0, len(text))])]


def test_a_sentence_is_one_piece() -> None:
    text = "Cells divide. They grow."
    assert list(cut(text, [(0, 13), (14, 24)])) == [(0, 13), (14, 24)]


def test_a_chat_log_is_cut_where_its_lines_were_written() -> None:
    lines = [f"Point {number} is about the matter of number {number} and nothing else at all." for number in range(9)]
    found = pieces_of('["' + r"\n\n".join(lines) + '"]')
    assert len(found) == 3
    assert all(r"\n\n" not in piece.rstrip("n\\") or piece.count("Point") > 1 for piece in found)
    assert all(piece.rstrip(r"\n").rstrip('"]').endswith("at all.") for piece in found)


def test_a_list_without_full_stops_is_cut_between_its_items() -> None:
    rows = [f'["row {number}", "{number * 1000} dollars", "{number}%"]' for number in range(30)]
    found = pieces_of(", ".join(rows))
    assert len(found) > 1
    assert all(piece.startswith('["row') for piece in found)


def test_a_long_sentence_is_cut_between_words() -> None:
    text = "word " * 200
    assert all(piece.endswith(" ") for piece in pieces_of(text))


@given(st.text(st.sampled_from(' ab,;|"]\\n.\n'), max_size=2_000))
def test_the_pieces_are_the_whole_sentence_and_never_too_long(text: str) -> None:
    spans = list(cut(text, [(0, len(text))]))
    assert all(end - start <= LONGEST for start, end in spans)
    assert (spans[0][0], spans[-1][1]) == (0, len(text))
    assert all(before[1] == after[0] for before, after in pairwise(spans))


def test_a_piece_with_the_rarer_word_weighs_more() -> None:
    text = "Mitosis divides cells. Cells grow and grow. Nothing here."
    spans = [(0, 22), (23, 43), (44, 57)]
    weights = {"mitosi": 3.0, "cell": 1.0}
    words = weigh_words([spans], [text], [ENGLISH], weights)
    assert words[0] > words[1] > words[2] == 0


def test_a_long_piece_is_held_back() -> None:
    texts = ["Cells.", "Cells and a great many other small things of the body, such as fibres."]
    short, long = weigh_words([[(0, len(text))] for text in texts], texts, [ENGLISH, ENGLISH], {"cell": 1.0})
    assert short > long > 0


def test_a_piece_lends_to_those_beside_it_alone() -> None:
    scores = np.array([1, 0, 2, 0], dtype=np.float32)
    assert lend(scores, [False, True, False, True]).tolist() == pytest.approx([1, 0.3, 2, 0.6])


def test_nothing_can_be_weighed_where_there_is_nothing() -> None:
    assert weigh_words([], [], [], {}).tolist() == []
    assert lend(np.zeros(0, dtype=np.float32), []).tolist() == []
