"""How the offline question writer words what it asks: capitals, key points, and what is too weak to be asked."""

import pytest
from tests.tutoring.tutors.offline.book import excerpt_of
from tests.tutoring.tutors.offline.test_writer import DEFINITION, ask, prompts

from hellotutor.tutoring.tutors.base import Kind
from hellotutor.tutoring.tutors.offline.parser import Parser
from hellotutor.tutoring.tutors.offline.writer import QuestionWriter


@pytest.fixture(scope="module")
def writer() -> QuestionWriter:
    return QuestionWriter(Parser())


@pytest.mark.parametrize(
    ("text", "prompt"),
    [
        ("Sleep protects memory because the brain replays the day and moves facts to the cortex.", "does sleep"),
        (
            "Spaced review works because each repetition strengthens the trace in the memory of a learner.",
            "does spaced review",
        ),
        ("Elaboration is the linking of new material to what a learner knows already.", "is elaboration?"),
        ("Regular exercise helps memory because it raises the flow of blood to the brain.", "does regular exercise"),
        ("Salamanders are amphibians that belong to the order Urodela in every country.", "are salamanders?"),
        ("Darwin proposed evolution because animals on the islands differed in their beaks.", "did Darwin"),
        ("DNA is the molecule that carries the genetic instructions of an organism.", "is DNA?"),
    ],
)
def test_a_word_keeps_its_capital_within_a_question_only_where_it_is_a_name(
    writer: QuestionWriter, text: str, prompt: str
) -> None:
    asked = prompts(writer, text)

    assert asked
    assert all(prompt in question for question in asked if question.startswith(("Why", "What")))


def points(writer: QuestionWriter, text: str) -> set[tuple[str, ...]]:
    asked = [question for seed in range(5) for question in ask(writer, text, seed=seed)]
    return {question.key_points for question in asked if question.kind is Kind.SHORT_ANSWER}


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        (
            "Cloned offspring are identical because no mixing of male and female gametes takes place.",
            ("no mixing of male and female gametes takes place",),
        ),
        (
            "Salamanders are amphibians that belong to the order Urodela in every country.",
            ("amphibians that belong to the order Urodela in every country",),
        ),
        (
            "Osmosis is the movement of water through a membrane from low to high solute concentration.",
            ("movement of water through a membrane from low to high solute concentration",),
        ),
        (
            "Gymnosperms are heterosporous plants that produce naked seeds.",
            ("heterosporous plants", "produce naked seeds"),
        ),
        (
            "An operator is a DNA region onto which the transcription machinery binds and initiates transcription.",
            ("DNA region onto which the transcription machinery binds and initiates transcription",),
        ),
        (
            "Leaves look green because chlorophyll reflects green wavelengths and absorbs red wavelengths.",
            ("chlorophyll reflects green wavelengths", "absorbs red wavelengths"),
        ),
    ],
)
def test_key_points_are_whole_clauses_or_the_whole_answer(
    writer: QuestionWriter, sentence: str, expected: tuple[str, ...]
) -> None:
    assert points(writer, sentence) == {expected}


@pytest.mark.parametrize(
    "sentence",
    [
        "File sharing may impose heavy costs on the artists who record music.",
        "The major channels of commercial media will refuse controversial advertisements about public policy.",
        "Drivers may slow down because fresh snow covers the narrow mountain roads.",
        "Humans can construct shelter to protect themselves from the harsh winter weather.",
        "Natural selection is a driving force in the evolution of many species.",
        "DNA is the genetic material in all viruses and bacteria of the ocean.",
        "Jefferson was a statesman who drafted the law on patents for the young republic.",
    ],
)
def test_it_asks_no_short_question_about_what_only_may_be_or_what_only_values(
    writer: QuestionWriter, sentence: str
) -> None:
    asked = {question.prompt for seed in range(5) for question in ask(writer, sentence, seed=seed)}

    assert not [prompt for prompt in asked if not prompt.startswith(("Complete", "Which"))]


def test_a_cloze_never_leaves_out_what_stands_in_parentheses(writer: QuestionWriter) -> None:
    text = "Vacuoles (large sacs) control the movement of water and salts through the plasma membrane of a plant cell."
    plain = text.replace(" (large sacs)", "")

    assert any(question.kind is Kind.CLOZE for seed in range(5) for question in ask(writer, plain, seed=seed))
    assert all(question.kind is not Kind.CLOZE for seed in range(5) for question in ask(writer, text, seed=seed))


def test_a_question_already_asked_is_not_asked_again_from_another_sentence(writer: QuestionWriter) -> None:
    other = "Osmosis is a process that evens out the salts on two sides of a barrier without any pump."

    assert [question.prompt for question in ask(writer, other)] == ["What is osmosis?"]
    assert not list(writer.write_questions(excerpt_of(other), 3, avoid=[DEFINITION]))


def test_a_sentence_that_says_what_an_avoided_one_says_is_not_asked_about(writer: QuestionWriter) -> None:
    again = DEFINITION.replace("Osmosis", "Natural osmosis")

    assert ask(writer, again)
    assert not list(writer.write_questions(excerpt_of(again), 3, avoid=[DEFINITION]))
