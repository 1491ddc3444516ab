"""Hints: each rung gives more, and the first two never give the answer."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.tutoring.tutors.offline.learner_answers import ANSWERS, HOMEOSTASIS, MOON, STATUTE, short

from hellotutor.tutoring.tutors.base import Kind, QuestionToGrade
from hellotutor.tutoring.tutors.offline.hints import hint

CHOICE = QuestionToGrade(
    Kind.MULTIPLE_CHOICE,
    "Which organelle builds proteins?",
    "Ribosome",
    ("Ribosome",),
    "Ribosomes build proteins.",
    choices=("Lysosome", "Ribosome", "Golgi apparatus", "Cell wall"),
    section="Cells",
)
CLOZE = QuestionToGrade(
    Kind.CLOZE, "The _____ attracts the oceans.", "moon", ("moon",), "The moon attracts the oceans.", page=3
)


def holds(text: str, answer: str) -> bool:
    words, wanted = (re.findall(r"\w+", part.casefold()) for part in (text, answer))
    return any(words[at : at + len(wanted)] == wanted for at in range(len(words)))


HINTS_OWN_WORDS = "the a it of point word words reason number answer like this begins look page 1 2 one Ribosome"

word = st.one_of(
    st.sampled_from(HINTS_OWN_WORDS.split()),
    st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=12),
)
phrase = st.lists(word, min_size=1, max_size=9).map(" ".join)


@st.composite
def questions(draw: st.DrawFn) -> QuestionToGrade:
    kind = draw(st.sampled_from(list(Kind)))
    answer = draw(phrase)
    points = draw(st.sampled_from([(answer,), (answer, answer), tuple(answer.split()), (draw(phrase), answer)]))
    choices = tuple(dict.fromkeys([answer, *draw(st.lists(phrase, min_size=1, max_size=3))]))
    return QuestionToGrade(
        kind,
        draw(phrase) + "?",
        answer,
        points,
        f"{draw(phrase)} {answer}.",
        choices=choices if kind is Kind.MULTIPLE_CHOICE else (),
        page=draw(st.sampled_from([None, 3])),
        section=draw(st.sampled_from(["", answer, draw(phrase)])),
    )


@settings(max_examples=400, deadline=None)
@given(questions(), st.sampled_from([0, 1]))
def test_the_first_two_rungs_never_hold_the_answer(question: QuestionToGrade, rung: int) -> None:
    said = hint(question, rung)

    assert said
    assert not holds(said, question.answer)


@pytest.mark.parametrize("rung", [0, 1])
@pytest.mark.parametrize("question", {question.prompt: question for question, _, _ in ANSWERS}.values())
def test_the_first_two_rungs_leave_something_to_find(question: QuestionToGrade, rung: int) -> None:
    said = set(re.findall(r"\w+", hint(question, rung).lower()))
    asked = set(re.findall(r"\w+", question.prompt.lower()))
    own = {found for found in re.findall(r"\w{4,}", question.answer.lower()) if found not in asked}

    assert own - said


def test_the_nudge_says_what_kind_of_answer_how_many_points_and_where() -> None:
    question = short("Why do leaves fall?", "because of the cold", ("because of the cold",), "They fall for the cold.")

    assert "a reason: 1 point, in about 4 words" in hint(question, 0)
    assert "2 points" in hint(HOMEOSTASIS, 0)
    assert '"Cells"' in hint(CHOICE, 0)


def test_the_nudge_keeps_a_section_that_names_the_answer_to_itself() -> None:
    question = QuestionToGrade(
        Kind.CLOZE, "_____ moves water.", "osmosis", ("osmosis",), "Osmosis moves water.", section="4.2 Osmosis"
    )

    assert "osmosis" not in hint(question, 0).lower()


def test_the_second_rung_gives_one_of_several_key_points() -> None:
    assert '"fourteen years"' in hint(STATUTE, 1)
    assert "renewable" not in hint(STATUTE, 1)


def test_the_second_rung_masks_a_single_key_point() -> None:
    assert hint(MOON, 1) == "It begins like this: the m___ a_______ …"


def test_the_second_rung_shows_the_first_letter_of_a_gap() -> None:
    assert hint(CLOZE, 1) == "It begins like this: m___"


def test_the_second_rung_rules_out_one_wrong_option_and_always_the_same() -> None:
    said = hint(CHOICE, 1)

    assert said == hint(CHOICE, 1)
    assert "Ribosome" not in said
    assert sum(choice in said for choice in CHOICE.choices) == 1


def test_the_second_rung_never_rules_out_the_only_wrong_option() -> None:
    question = QuestionToGrade(Kind.MULTIPLE_CHOICE, "Which?", "yes", ("yes",), "It is so.", choices=("yes", "no"))

    assert not holds(hint(question, 1), "no")


def test_the_last_rung_names_the_page_and_begins_the_sentence_before_the_answer() -> None:
    said = hint(HOMEOSTASIS, 2)

    assert said == 'Look at page 12. The sentence begins: "Homeostasis is the …"'


def test_the_last_rung_names_the_section_where_there_is_no_page() -> None:
    assert hint(CHOICE, 2).startswith('Look at the section "Cells".')


def test_a_rung_past_the_last_is_the_last_and_one_below_the_first_is_refused() -> None:
    assert hint(CLOZE, 7) == hint(CLOZE, 2)
    with pytest.raises(ValueError, match="rung"):
        hint(CLOZE, -1)


def test_a_section_with_quotation_marks_of_its_own_gets_no_others() -> None:
    question = QuestionToGrade(
        Kind.CLOZE, "The _____ pulls.", "moon", ("moon",), "The moon pulls.", section='Part 1 > "Tides"'
    )

    assert 'It stands in Part 1 > "Tides".' in hint(question, 0)
    assert 'Look at the section Part 1 > "Tides".' in hint(question, 2)
