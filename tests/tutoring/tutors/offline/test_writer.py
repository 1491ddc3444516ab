"""The offline question writer: what it asks, from which words, and what it leaves alone."""

from collections import Counter
from dataclasses import replace
from itertools import islice, pairwise
from pathlib import Path

import pytest
from tests.tutoring.tutors.offline.book import CHAPTERS, excerpt_of, excerpts_of

from hellotutor.core.sentences import split_sentences
from hellotutor.ingestion.readers.markdown import MarkdownReader
from hellotutor.ingestion.splitting import split
from hellotutor.tutoring.tutors.base import DraftQuestion, Excerpt, Kind
from hellotutor.tutoring.tutors.offline.parser import Parser
from hellotutor.tutoring.tutors.offline.writer import QuestionWriter

DEFINITION = (
    "Osmosis is the movement of water through a semipermeable membrane towards a higher concentration of solutes."
)


@pytest.fixture(scope="module")
def writer() -> QuestionWriter:
    return QuestionWriter(Parser())


def ask(writer: QuestionWriter, text: str, *headings: str, seed: int = 0) -> list[DraftQuestion]:
    return list(writer.write_questions(excerpt_of(text, *headings), 3, seed=seed))


def prompts(writer: QuestionWriter, text: str) -> set[str]:
    return {question.prompt for seed in range(5) for question in ask(writer, text, seed=seed)}


def test_it_writes_a_question_from_a_single_sentence(writer: QuestionWriter) -> None:
    asked = prompts(writer, DEFINITION)

    assert "What is osmosis?" in asked


def test_the_reference_answer_and_its_key_points_are_words_of_the_quote(writer: QuestionWriter) -> None:
    for question in writer.write_questions(excerpts_of(), 6):
        said = question.evidence.quote.lower()
        if question.kind is not Kind.MULTIPLE_CHOICE:
            assert question.answer.lower().rstrip(".") in said
        assert question.key_points
        assert all(point.lower() in said for point in question.key_points)


def test_evidence_is_one_whole_sentence_of_its_passage(writer: QuestionWriter) -> None:
    questions = list(writer.write_questions(excerpts_of(), 6))

    assert questions
    for question in questions:
        assert (question.evidence.start, question.evidence.end) in question.evidence.excerpt.sentences


def test_it_never_quotes_a_sentence_that_runs_over_a_page(writer: QuestionWriter) -> None:
    cut = [replace(excerpt, on_one_page=(False,) * len(excerpt.sentences)) for excerpt in excerpts_of()]

    assert list(writer.write_questions(cut, 6)) == []


def test_questions_come_from_different_places_in_the_order_of_the_document(writer: QuestionWriter) -> None:
    places = [question.evidence.excerpt.ordinal for question in writer.write_questions(excerpts_of(), 5, seed=3)]

    assert len(places) >= 4
    assert places == sorted(places)
    assert len(set(places)) == len(places)


def test_the_same_seed_writes_the_same_questions(writer: QuestionWriter) -> None:
    first, second = (list(writer.write_questions(excerpts_of(), 4, seed=7)) for _ in range(2))

    assert first == second


def test_it_writes_no_more_than_it_is_asked_for(writer: QuestionWriter) -> None:
    assert len(list(writer.write_questions(excerpts_of(), 2))) <= 2


def test_it_yields_the_first_question_before_it_parses_the_rest() -> None:
    class CountingParser(Parser):
        seen = 0

        def parse(self, sentences):  # type: ignore[no-untyped-def]
            self.seen += len(sentences)
            yield from super().parse(sentences)

    parser = CountingParser()
    questions = QuestionWriter(parser).write_questions(excerpts_of(), 6)
    next(questions)
    after_one = parser.seen
    list(questions)

    assert 0 < after_one < parser.seen


def test_a_quote_already_used_is_not_asked_about_again(writer: QuestionWriter) -> None:
    used = {question.evidence.quote for question in writer.write_questions(excerpts_of(), 6)}
    again = {question.evidence.quote for question in writer.write_questions(excerpts_of(), 6, avoid=used)}

    assert not used & again


def test_no_two_questions_are_about_the_same_concept(writer: QuestionWriter) -> None:
    concepts = Counter(question.concept.lower() for question in writer.write_questions(excerpts_of(), 6))

    assert max(concepts.values()) == 1


def test_a_multiple_choice_has_four_different_choices_and_its_key_is_one_of_them(writer: QuestionWriter) -> None:
    questions = [q for seed in range(12) for q in writer.write_questions(excerpts_of(), 6, seed=seed)]
    chosen = [question for question in questions if question.kind is Kind.MULTIPLE_CHOICE]

    assert chosen
    for question in chosen:
        assert len(set(question.choices)) == 4
        assert question.answer in question.choices


def test_a_wrong_choice_stands_neither_in_the_question_nor_near_its_evidence(writer: QuestionWriter) -> None:
    for seed in range(12):
        for question in writer.write_questions(excerpts_of(), 6, seed=seed):
            for choice in set(question.choices) - {question.answer}:
                assert choice.lower() not in question.prompt.lower()
                assert choice.lower() not in question.evidence.excerpt.text.lower()


def test_a_cloze_has_exactly_one_blank_and_restores_the_sentence(writer: QuestionWriter) -> None:
    questions = [q for seed in range(8) for q in writer.write_questions(excerpts_of(), 6, seed=seed)]
    clozes = [question for question in questions if question.kind is Kind.CLOZE]

    assert clozes
    for question in clozes:
        assert question.prompt.count("_____") == 1
        restored = question.prompt.removeprefix("Complete the sentence: ").replace("a(n)", "a")
        assert restored.replace("_____", question.answer).lower() == question.evidence.quote.lower()


def test_an_opening_connective_is_left_out_of_the_question_but_kept_in_the_quote(writer: QuestionWriter) -> None:
    text = "However, osmosis is the movement of water through a semipermeable membrane towards more solutes."
    questions = ask(writer, text)

    assert questions
    assert all("however" not in question.prompt.lower() for question in questions)
    assert all(question.evidence.quote == text for question in questions)


@pytest.mark.parametrize(
    ("sentence", "prompt"),
    [
        (
            "Plants look green because chlorophyll reflects green wavelengths and absorbs red wavelengths.",
            "Why do plants look green?",
        ),
        (
            "A vacuole does not burst because a rigid cell wall surrounds the swollen membrane.",
            "Why does a vacuole not burst?",
        ),
        (
            "A muscle fiber consists of actin filaments, myosin filaments, and titin.",
            "What does a muscle fiber consist of?",
        ),
        (
            "Gregor Mendel published a famous study of garden peas in 1866.",
            "What did Gregor Mendel do in 1866?",
        ),
        (
            "The taking in of large particles by a cell is called phagocytosis.",
            "What is the taking in of large particles by a cell called?",
        ),
        (
            "Lichens are used to monitor the quality of city air.",
            "What are lichens used for?",
        ),
    ],
)
def test_it_turns_a_statement_into_a_question_by_grammar(writer: QuestionWriter, sentence: str, prompt: str) -> None:
    assert prompt in prompts(writer, sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "It is the movement of water through a semipermeable membrane towards a higher concentration of solutes.",
        "This process is the movement of water through a semipermeable membrane in plant roots.",
        "We call osmosis the movement of water through a semipermeable membrane in plant roots.",
        "Osmosis is, as shown in Figure 3, the movement of water through a semipermeable membrane.",
        "Is osmosis the movement of water through a semipermeable membrane in plant roots?",
        "Osmosis is the movement of water through a semipermeable",
        'Osmosis is the movement of "water through a semipermeable membrane in plant roots.',
        "Describe the movement of water through a semipermeable membrane in plant roots.",
        "See Smith, Osmosis, New York Times, 10 September 2003, E1, on the movement of water in plant roots.",
        "Visit www.example.org for osmosis, the movement of water through a semipermeable membrane.",
        "By the end of this section, you will be able to describe osmosis in the roots of plants.",
    ],
)
def test_it_leaves_alone_a_sentence_that_cannot_be_read_by_itself(writer: QuestionWriter, sentence: str) -> None:
    assert ask(writer, sentence) == []


@pytest.mark.parametrize(
    "heading",
    [
        "Contents",
        "References",
        "Notes",
        "INDEX",
        "Preface",
        "Acknowledgments",
        "Glossary",
        "Review Questions",
        "Footnotes",
    ],
)
def test_it_asks_nothing_from_what_is_not_the_text_proper(writer: QuestionWriter, heading: str) -> None:
    asked = list(writer.write_questions(excerpts_of((*CHAPTERS, (("Biology", heading), DEFINITION))), 12))

    assert asked
    assert all(question.evidence.excerpt.ordinal < len(CHAPTERS) for question in asked)


@pytest.mark.parametrize(
    "title",
    ["Notes", "Lecture notes", "Biology notes", "Index", "References", "Glossary", "Contents", "Preface", "Appendix"],
)
def test_a_title_never_shuts_out_a_whole_document(writer: QuestionWriter, title: str) -> None:
    assert ask(writer, DEFINITION, title)
    assert ask(writer, DEFINITION, title, "Transport")
    renamed = tuple(((title, *headings), text) for headings, text in CHAPTERS)
    assert len(list(writer.write_questions(excerpts_of(renamed), 5))) == 5


def test_headings_together_never_shut_out_a_whole_document(writer: QuestionWriter) -> None:
    weeks = tuple(((f"Notes {at}",), text) for at, (_, text) in enumerate(CHAPTERS))

    assert len(list(writer.write_questions(excerpts_of(weeks), 5))) == 5


def test_it_writes_nothing_in_another_language(writer: QuestionWriter) -> None:
    text = (
        "Osmose ist die Bewegung von Wasser durch eine halbdurchlässige Membran. "
        "Die Zelle braucht eine Membran, weil Proteine den Durchgang der Nährstoffe regeln."
    )

    assert ask(writer, text) == []


def test_it_writes_nothing_from_nothing(writer: QuestionWriter) -> None:
    assert list(writer.write_questions([], 5)) == []


def read_textbook(path: Path, most: int) -> list[Excerpt]:
    pages = list(islice(split(MarkdownReader().read(path)), most))
    passages = [(page, passage) for page, found in pages for passage in found]
    return [
        Excerpt(
            passage_id=index,
            ordinal=index,
            document=path.stem,
            version_id=1,
            text=passage.text,
            sentences=tuple(split_sentences(passage.text)),
            heading_path=tuple(page.page.heading_path),
            page=None,
            position=index / len(passages),
            on_one_page=(True,) * len(split_sentences(passage.text)),
        )
        for index, (page, passage) in enumerate(passages)
    ]


def test_a_real_chapter_gives_every_question_asked_for_spread_over_it(
    shared_data: Path, writer: QuestionWriter
) -> None:
    excerpts = read_textbook(shared_data / "textbook" / "biology-evolution.md", 80)
    questions = list(writer.write_questions(excerpts, 8, seed=1))

    places = [question.evidence.excerpt.position for question in questions]
    kinds = Counter(question.kind for question in questions)
    assert len(questions) == 8
    assert all(first < second for first, second in pairwise(places))
    assert places[0] < 0.25 < 0.75 < places[-1]
    assert kinds[Kind.SHORT_ANSWER] >= 4
