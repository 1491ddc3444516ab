"""Grading a multiple choice: an option is named by its number, its letter or its words."""

import pytest
from tests.tutoring.tutors.offline.learner_answers import CHOICE

from hellotutor.tutoring.tutors.base import Kind, QuestionToGrade, Verdict
from hellotutor.tutoring.tutors.offline.grading import OfflineGrader


@pytest.mark.parametrize(
    "answer", ["2", "b", "B", " b) ", "(b)", "2.", "ribosome", "  RIBOSOME ", "Ribosome.", "\uff42"]
)
def test_a_choice_is_read_by_number_letter_or_words(answer: str) -> None:
    grade = OfflineGrader(None).grade(CHOICE, answer)

    assert (grade.verdict, grade.score) == (Verdict.CORRECT, 1.0)


@pytest.mark.parametrize("answer", ["1", "a", "Lysosome", "golgi   apparatus", "d"])
def test_another_option_is_incorrect_and_the_right_one_is_named(answer: str) -> None:
    grade = OfflineGrader(None).grade(CHOICE, answer)

    assert (grade.verdict, grade.score) == (Verdict.INCORRECT, 0.0)
    assert '"Ribosome"' in grade.feedback


@pytest.mark.parametrize("answer", ["0", "5", "e", "ribo", "1 2 3 4", "b or c", "all of them", "", "Ribosome Lysosome"])
def test_what_names_no_option_is_incorrect_and_hears_the_valid_forms(answer: str) -> None:
    grade = OfflineGrader(None).grade(CHOICE, answer)

    assert grade.verdict is Verdict.INCORRECT
    assert "a number from 1 to 4, a letter from a to d, or the option's own words" in grade.feedback


def test_an_options_own_words_go_before_its_letter_or_number() -> None:
    question = QuestionToGrade(
        Kind.MULTIPLE_CHOICE, "How many?", "3", ("3",), "There are 3.", choices=("4", "3", "2", "1")
    )

    assert OfflineGrader(None).grade(question, "3").verdict is Verdict.CORRECT
    assert OfflineGrader(None).grade(question, "2").verdict is Verdict.INCORRECT
    assert OfflineGrader(None).grade(question, "b").verdict is Verdict.CORRECT
