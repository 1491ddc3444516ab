"""Grading a cloze: the word, another form of it, or a slip in typing it."""

import pytest
from tests.tutoring.tutors.offline.learner_answers import cloze

from hellotutor.tutoring.tutors.base import Verdict
from hellotutor.tutoring.tutors.offline.grading import OfflineGrader


@pytest.mark.parametrize(
    ("expected", "answer"),
    [
        ("cytoplasm", "cytoplasm"),
        ("cytoplasm", " The Cytoplasm. "),
        ("mitochondria", "Mitochondria"),
        ("ribosome", "ribosomes"),
        ("natural selection", "natural selection"),
        ("fourteen", "14"),
        ("to", "to"),
    ],
)
def test_the_word_or_another_form_of_it_fills_the_gap(expected: str, answer: str) -> None:
    grade = OfflineGrader(None).grade(cloze(expected), answer)

    assert (grade.verdict, grade.score) == (Verdict.CORRECT, 1.0)


@pytest.mark.parametrize(
    ("expected", "answer"),
    [
        ("cytoplasm", "cytoplsam"),
        ("mitochondria", "mitocondira"),
        ("enzyme", "enzime"),
        ("natural selection", "natrual selection"),
    ],
)
def test_a_typing_slip_fills_the_gap_and_is_shown_the_spelling(expected: str, answer: str) -> None:
    grade = OfflineGrader(None).grade(cloze(expected), answer)

    assert grade.verdict is Verdict.CORRECT
    assert f'it is spelt "{expected}"' in grade.feedback


@pytest.mark.parametrize(
    ("expected", "answer"),
    [
        ("cytoplasm", "nucleus"),
        ("cytoplasm", "not cytoplasm"),
        ("cytoplasm", "cytoplasm or nucleus"),
        ("cytoplasm", "the cell is filled by a lot of cytoplasm and other things"),
        ("cell", "bell"),
        ("gene", "gens"),
        ("1774", "1775"),
        ("mitosis", "meiosis"),
        ("hypotonic", "hypertonic"),
        ("adduction", "abduction"),
        ("nitrate", "nitrite"),
        ("lactose", "lactase"),
        ("photon", "proton"),
        ("cytoplasm", ""),
    ],
)
def test_another_word_does_not_fill_the_gap(expected: str, answer: str) -> None:
    grade = OfflineGrader(None).grade(cloze(expected), answer)

    assert grade.verdict is Verdict.INCORRECT
    assert expected in grade.feedback


def test_one_of_several_words_fills_part_of_the_gap() -> None:
    grade = OfflineGrader(None).grade(cloze("natural selection"), "selection")

    assert grade.verdict is Verdict.PARTIAL
    assert '"natural"' in grade.feedback
