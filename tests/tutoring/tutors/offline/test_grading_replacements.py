"""Grading near copies of the reference: one word replaced is wrong, the same said in other words is right."""

import pytest
from tests.tutoring.tutors.offline.learner_answers import short

from hellotutor.embeddings.base import Embedder
from hellotutor.tutoring.tutors.base import QuestionToGrade, Verdict
from hellotutor.tutoring.tutors.offline.british import americanise
from hellotutor.tutoring.tutors.offline.grading import OfflineGrader
from hellotutor.tutoring.tutors.offline.words import stem_word


def defined(prompt: str, answer: str, *points: str) -> QuestionToGrade:
    return short(prompt, answer, points or (answer,), answer)


GYMNOSPERMS = short(
    "What are gymnosperms?",
    "Heterosporous plants that produce naked seeds.",
    ("heterosporous plants", "produce naked seeds"),
    "Gymnosperms are heterosporous plants that produce naked seeds.",
)
PROMOTER = defined(
    "What is a promoter?",
    "A DNA sequence onto which the transcription machinery binds and initiates transcription.",
)
MEMORY = defined(
    "What is working memory?", "The small mental space in which a person holds and handles a few things at once."
)
SALAMANDERS = defined("What are salamanders?", "Amphibians that belong to the order Urodela.")
ASSOCIATION = defined("What is the MPAA?", "The American branch of the international Motion Picture Association.")
LICENSE = defined("What is a statutory license?", "A license whose key terms are set by law.")
OSMOSIS = defined("What is osmosis?", "The movement of water through a membrane from low to high solute concentration.")
CLONES = defined(
    "Why are the offspring identical?",
    "Because no mixing of male and female gametes takes place.",
    "no mixing of male and female gametes takes place",
)


@pytest.mark.parametrize(
    ("question", "answer", "told", "written"),
    [
        (GYMNOSPERMS, "heterosporous animals that produce naked seeds", "plants", "animals"),
        (
            PROMOTER,
            "an RNA sequence onto which the transcription machinery binds and terminates transcription",
            "initiates",
            "terminates",
        ),
        (
            PROMOTER,
            "a DNA sequence onto which the translation machinery binds and initiates translation",
            "transcription",
            "translation",
        ),
        (
            MEMORY,
            "the large mental space in which a person holds and handles many things at once",
            "small",
            "large",
        ),
        (SALAMANDERS, "reptiles that belong to the order Urodela", "amphibians", "reptiles"),
        (ASSOCIATION, "the British branch of the international Motion Picture Association", "American", "British"),
        (OSMOSIS, "the movement of oil through a membrane from low to high solute concentration", "water", "oil"),
    ],
)
def test_one_word_replaced_in_a_copy_is_incorrect_and_named(
    grader: OfflineGrader, question: QuestionToGrade, answer: str, told: str, written: str
) -> None:
    grade = grader.grade(question, answer)

    assert grade.verdict is Verdict.INCORRECT
    assert told in grade.feedback
    assert written in grade.feedback


@pytest.mark.parametrize(
    ("question", "answer", "said"),
    [
        (LICENSE, "a license whose key terms are set by the owner", "The text says “law”, not “owner”."),
        (GYMNOSPERMS, "heterosporous plants that produce naked leaves", "The text says “seeds”, not “leaves”."),
    ],
)
def test_a_lesser_word_replaced_leaves_part_and_is_named(
    grader: OfflineGrader, question: QuestionToGrade, answer: str, said: str
) -> None:
    grade = grader.grade(question, answer)

    assert grade.verdict is Verdict.PARTIAL
    assert said in grade.feedback


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (LICENSE, "a licence with key terms set by law"),
        (LICENSE, "a license with its main terms set by the law"),
        (ASSOCIATION, "American division of international motion picture association"),
        (PROMOTER, "the DNA region where transcription machinery attaches to begin transcribing"),
        (MEMORY, "a small mental space where somebody holds and manipulates a few things at once"),
        (OSMOSIS, "water moving through a membrane from low to high solute concentration"),
        (SALAMANDERS, "amphibans that belong to the order Urodela"),
    ],
)
def test_the_same_in_other_words_is_correct(grader: OfflineGrader, question: QuestionToGrade, answer: str) -> None:
    assert grader.grade(question, answer).verdict is Verdict.CORRECT


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (CLONES, "since male and female gametes don't mix"),
        (CLONES, "there is no mixing of male and female gametes"),
        (GYMNOSPERMS, "plants with naked seeds that are heterosporous"),
        (SALAMANDERS, "amphibians of the order Urodela"),
    ],
)
def test_the_same_in_far_fewer_words_is_correct_where_meaning_is_compared(
    minilm: Embedder, question: QuestionToGrade, answer: str
) -> None:
    assert OfflineGrader(minilm).grade(question, answer).verdict is Verdict.CORRECT


def test_what_denies_the_reference_is_incorrect(grader: OfflineGrader) -> None:
    grade = grader.grade(CLONES, "because mixing of male and female gametes takes place")

    assert grade.verdict is Verdict.INCORRECT


def test_a_part_of_a_single_point_and_nothing_else_is_partial(grader: OfflineGrader) -> None:
    assert grader.grade(OSMOSIS, "the movement of water through a membrane").verdict is Verdict.PARTIAL


def test_two_opposites_that_say_the_same_together_are_no_replacement(grader: OfflineGrader) -> None:
    rule = defined("What is the rule of prices?", "The demand for a good falls when its price rises in the market.")

    grade = grader.grade(rule, "the demand for a good rises when its price falls in the market")

    assert grade.verdict is not Verdict.INCORRECT


@pytest.mark.parametrize(
    ("british", "american"),
    [
        ("licence", "license"),
        ("behaviour", "behavior"),
        ("fibres", "fibers"),
        ("centre", "center"),
        ("organisation", "organization"),
        ("analysed", "analyzed"),
        ("travelled", "traveled"),
        ("haemoglobin", "hemoglobin"),
        ("anaemia", "anemia"),
        ("sulphur", "sulfur"),
        ("grey", "gray"),
        ("catalyse", "catalyze"),
    ],
)
def test_british_and_american_spellings_are_the_same_word(british: str, american: str) -> None:
    assert stem_word(british) == stem_word(american)


@pytest.mark.parametrize("word", ["four", "hour", "more", "there", "precise", "raise", "analysis", "does", "tour"])
def test_a_word_that_only_looks_british_is_left_as_it_is(word: str) -> None:
    assert americanise(word) == word
