"""Grading a short answer: what earns credit, and what is called wrong and why."""

from collections import Counter

import pytest
from tests.tutoring.tutors.offline.learner_answers import (
    ANSWERS,
    ARTERIES,
    CAMERA,
    ENZYMES,
    HOMEOSTASIS,
    LORDS,
    MOON,
    OSMOSIS,
    PREDATOR,
    QUESTIONS,
    STATUTE,
    short,
)

from hellotutor.tutoring.tutors.base import QuestionToGrade, Verdict
from hellotutor.tutoring.tutors.offline.grading import OfflineGrader

NOT_FULL = {Verdict.PARTIAL, Verdict.UNSURE, Verdict.INCORRECT}


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.prompt)
def test_the_reference_itself_is_correct(grader: OfflineGrader, question: QuestionToGrade) -> None:
    grade = grader.grade(question, question.answer)

    assert grade.verdict is Verdict.CORRECT
    assert grade.right == question.key_points
    assert grade.missing == ()


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.prompt)
def test_the_quoted_sentence_pasted_alone_is_an_answer(grader: OfflineGrader, question: QuestionToGrade) -> None:
    assert grader.grade(question, question.quote).verdict is Verdict.CORRECT


def test_no_learner_answer_that_falls_short_is_called_correct_and_no_right_one_incorrect(grader: OfflineGrader) -> None:
    for question, answer, label in ANSWERS:
        verdict = grader.grade(question, answer).verdict
        if label == "right":
            assert verdict in {Verdict.CORRECT, Verdict.PARTIAL, Verdict.UNSURE}, answer
        else:
            assert verdict is not Verdict.CORRECT, answer


def test_most_learner_answers_get_the_verdict_that_the_labelling_rule_gives(grader: OfflineGrader) -> None:
    wanted = {"right": Verdict.CORRECT, "part": Verdict.PARTIAL, "wrong": Verdict.INCORRECT}
    agreed = Counter(
        grader.grade(question, answer).verdict is wanted.get(label, Verdict.INCORRECT)
        for question, answer, label in ANSWERS
    )

    assert agreed[True] >= 34  # measured: 38 with MiniLM, 34 with words alone


def test_a_partial_answer_names_what_it_has_and_what_it_lacks(grader: OfflineGrader) -> None:
    grade = grader.grade(OSMOSIS, "the movement of water through a membrane")

    assert grade.verdict is Verdict.PARTIAL
    assert grade.right == ("movement of water through a membrane",)
    assert grade.missing == ("from low to high solute concentration",)
    assert "You have “movement of water through a membrane”." in grade.feedback
    assert "Still missing: “from low to high solute concentration”." in grade.feedback


def test_an_unsure_grade_says_so_and_repeats_neither_the_quote_nor_its_place(grader: OfflineGrader) -> None:
    grade = grader.grade(LORDS, "They didnt want booksellers to have a monopoly on culture")

    assert grade.verdict is Verdict.UNSURE
    assert "grade yourself" in grade.feedback
    assert LORDS.quote not in grade.feedback
    assert "page 12" not in grade.feedback


def test_a_spelling_slip_costs_nothing(grader: OfflineGrader) -> None:
    grade = grader.grade(ENZYMES, "they lower the activaton enrgy of the reaction")

    assert grade.verdict is Verdict.CORRECT


@pytest.mark.parametrize(
    ("question", "answer", "said"),
    [
        (HOMEOSTASIS, "the ability of an organism to not maintain constant internal conditions", "You deny"),
        (HOMEOSTASIS, "It is not the ability of an organism to maintain constant internal conditions.", "You deny"),
        (HOMEOSTASIS, "the ability of an organism to maintain constant external conditions", '"external"'),
        (LORDS, "because it would not have left the booksellers with a monopoly over culture", "You deny"),
        (OSMOSIS, "the movement of water through a membrane from high to low solute concentration", "wrong way round"),
        (ARTERIES, "because they carry blood from the heart under low pressure", '"low" where the text says "high"'),
        (ARTERIES, "They don't carry blood from the heart under high pressure", "You deny"),
        (ARTERIES, "because they carry blood to the heart under high pressure", '"to" before "heart"'),
        (HOMEOSTASIS, "an organism's ability to change its internal conditions constantly", '"change"'),
        (ENZYMES, "they increase the activation energy of the reaction", '"lower"'),
        (MOON, "the oceans attract the moon", "wrong way round"),
        (MOON, "the answer is not that the moon attracts the oceans", "You deny"),
        (MOON, "the moon repels the oceans", '"repels" where the text says "attracts"'),
        (PREDATOR, "the number of deer decreased and they ate most of the young trees", '"decreased"'),
        (STATUTE, "28 years, renewable once if the author was alive", "You wrote 28"),
    ],
)
def test_an_answer_that_goes_against_the_text_is_incorrect_and_learns_why(
    grader: OfflineGrader, question: QuestionToGrade, answer: str, said: str
) -> None:
    grade = grader.grade(question, answer)

    assert grade.verdict is Verdict.INCORRECT
    assert said in grade.feedback
    assert question.answer not in grade.feedback


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (MOON, "the sun attracts the oceans"),
        (CAMERA, "because ordinary experts could take pictures without being people"),
        (PREDATOR, "trees ate most of the deer"),
        (OSMOSIS, "movement of solute through a membrane from low to high water concentration"),
        (HOMEOSTASIS, "constant internal conditions organism ability maintain"),
        (HOMEOSTASIS, "homeostasis is the ability of an organism to maintain its temperature"),
    ],
)
def test_the_right_words_in_the_wrong_places_are_not_correct(
    grader: OfflineGrader, question: QuestionToGrade, answer: str
) -> None:
    assert grader.grade(question, answer).verdict in NOT_FULL


def test_a_denial_of_something_else_is_not_held_against_the_learner(grader: OfflineGrader) -> None:
    answer = "so they don't burst under the high pressure of the blood that they carry from the heart"

    assert grader.grade(ARTERIES, answer).verdict is not Verdict.INCORRECT


def test_a_list_may_come_in_any_order(grader: OfflineGrader) -> None:
    kinds = short(
        "Which kinds of muscle are there?", "skeletal, cardiac and smooth", ("skeletal", "cardiac", "smooth"), ""
    )

    assert grader.grade(kinds, "smooth, cardiac and skeletal").verdict is Verdict.CORRECT
    assert grader.grade(kinds, "smooth and skeletal").verdict is Verdict.PARTIAL


@pytest.mark.parametrize(
    ("reference", "answer"),
    [
        ("the moon attracts the oceans", "the oceans are attracted by the moon"),
        ("the number of wolves did not increase", "the number of wolves didn't increase"),
        ("fourteen years", "14 years"),
        ("they lost 1,000 men", "they lost 1000 men"),
    ],
)
def test_the_same_said_the_other_way_round_is_no_contradiction(
    grader: OfflineGrader, reference: str, answer: str
) -> None:
    question = short("What did they see?", reference, (reference,), f"They saw that {reference}.")

    assert grader.grade(question, answer).verdict is Verdict.CORRECT


@pytest.mark.parametrize(
    ("reference", "answer"),
    [("the switch is not closed", "the switch is open"), ("the switch is open", "the switch is not closed")],
)
def test_a_denied_opposite_is_not_held_against_the_learner(grader: OfflineGrader, reference: str, answer: str) -> None:
    question = short("What did they see?", reference, (reference,), f"They saw that {reference}.")

    assert grader.grade(question, answer).verdict is not Verdict.INCORRECT
