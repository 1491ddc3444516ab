"""Sentence boundaries."""

from __future__ import annotations

import pytest

from hellotutor.core.sentences import split_sentences


def sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in split_sentences(text)]


@pytest.mark.parametrize(
    "text",
    [
        "Dr. Smith met Mr. J. R. Brown at 3.5 p.m. on the hill.",
        "The law of the U.S. Congress (cf. Fig. 3) changed it, e.g. for books.",
        "He paid $3.50 for it.",
    ],
)
def test_an_abbreviation_an_initial_or_a_decimal_ends_no_sentence(text: str) -> None:
    assert sentences(text) == [text]


def test_it_splits_at_full_stops_questions_and_closing_quotes() -> None:
    text = 'It fell. "Did it?" she asked. "Yes!" It did.'
    assert sentences(text) == ["It fell.", '"Did it?" she asked.', '"Yes!"', "It did."]


def test_a_common_word_that_is_also_an_abbreviation_ends_its_sentence() -> None:
    assert sentences("She said no. He loved art. See vol. 5 of it.") == [
        "She said no.",
        "He loved art.",
        "See vol. 5 of it.",
    ]


def test_it_leaves_the_number_of_a_note_out() -> None:
    text = 'for his own use.1 Today we learn "by heart."4 Many did.'
    assert sentences(text) == ["for his own use.", 'Today we learn "by heart."', "Many did."]


def test_it_splits_chinese_and_japanese() -> None:
    assert sentences("光合作用很重要。植物需要光。") == ["光合作用很重要。", "植物需要光。"]


def test_several_stops_end_one_sentence() -> None:
    assert sentences("What?! He left ... Then she left... (Really?!) Yes.") == [
        "What?!",
        "He left ...",
        "Then she left...",
        "(Really?!)",
        "Yes.",
    ]


def test_text_without_a_full_stop_is_one_sentence() -> None:
    assert sentences("no stop at all  ") == ["no stop at all"]
    assert sentences("   ") == []
