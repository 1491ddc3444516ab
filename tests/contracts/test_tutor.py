"""What every Tutor keeps."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from importlib import resources
from itertools import pairwise
from pathlib import Path

import pytest
from tests.tutoring.tutors.offline.book import excerpts_of

from hellotutor.embeddings.hashing import HashingEmbedder
from hellotutor.ingestion.readers.markdown import MarkdownReader
from hellotutor.ingestion.splitting import split
from hellotutor.tutoring.tutors.base import DraftQuestion, Excerpt, Kind, QuestionToGrade, Tutor, Verdict
from hellotutor.tutoring.tutors.offline.tutor import OfflineTutor

TEXTBOOK = excerpts_of()
SAMPLE = "samples/how-memory-works.md"
SEEDS = range(6)
ABOUT_THE_SAMPLE = ("What is interleaving?", "Why does sleep protect new memories?", "What did Ebbinghaus measure?")
BESIDE_THE_SAMPLE = ("Who won the football world cup in 1998?", "How is a jet engine cooled?", "", "?!")


@pytest.fixture(scope="module", params=["offline, words alone", "offline, with an embedder"])
def tutor(request: pytest.FixtureRequest) -> Tutor:
    return OfflineTutor(HashingEmbedder() if "embedder" in request.param else None)


@pytest.fixture(scope="module")
def excerpts() -> list[Excerpt]:
    with resources.as_file(resources.files("hellotutor.documents").joinpath(SAMPLE)) as path:
        return read_excerpts(path)


@pytest.fixture(scope="module")
def drafts(tutor: Tutor, excerpts: list[Excerpt]) -> list[DraftQuestion]:
    texts = excerpts, TEXTBOOK
    return [draft for text in texts for seed in SEEDS for draft in tutor.write_questions(text, 10, seed=seed)]


def read_excerpts(path: Path) -> list[Excerpt]:
    passages = [(page, passage) for page, found in split(MarkdownReader().read(path)) for passage in found]
    return [
        Excerpt(
            passage_id=500 + at,
            ordinal=at,
            document="How memory works",
            version_id=7,
            text=passage.text,
            sentences=tuple(passage.sentences),
            heading_path=page.page.heading_path,
            page=1 + at // 4,
            position=at / len(passages),
            on_one_page=(True,) * len(passage.sentences),
        )
        for at, (page, passage) in enumerate(passages)
    ]


def with_every_other_sentence_cut(excerpts: Sequence[Excerpt]) -> list[Excerpt]:
    return [
        replace(excerpt, on_one_page=tuple(at % 2 == excerpt.ordinal % 2 for at in range(len(excerpt.sentences))))
        for excerpt in excerpts
    ]


def quotable(excerpts: Sequence[Excerpt]) -> set[tuple[int, int, int]]:
    return {
        (excerpt.passage_id, *span)
        for excerpt in excerpts
        for span, is_whole in zip(excerpt.sentences, excerpt.on_one_page, strict=True)
        if is_whole
    }


def to_grade(draft: DraftQuestion) -> QuestionToGrade:
    excerpt = draft.evidence.excerpt
    return QuestionToGrade(
        draft.kind,
        draft.prompt,
        draft.answer,
        draft.key_points,
        draft.evidence.quote,
        draft.choices,
        excerpt.page,
        excerpt.heading_path[-1] if excerpt.heading_path else "",
    )


def words_of(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def holds_in_a_row(text: str, wanted: str) -> bool:
    words, row = words_of(text), words_of(wanted)
    return any(words[at : at + len(row)] == row for at in range(len(words)))


def test_it_names_itself(tutor: Tutor) -> None:
    assert tutor.name


# ---- writing ----


def test_it_writes_every_kind_of_question(drafts: list[DraftQuestion]) -> None:
    assert {draft.kind for draft in drafts} == set(Kind)


@pytest.mark.parametrize("count", [1, 3, 8])
def test_it_writes_as_many_questions_as_it_is_asked_for(tutor: Tutor, excerpts: list[Excerpt], count: int) -> None:
    assert len(list(tutor.write_questions(excerpts, count))) == count


def test_it_writes_fewer_where_the_text_holds_no_more(tutor: Tutor, excerpts: list[Excerpt]) -> None:
    sentences = sum(len(excerpt.sentences) for excerpt in excerpts[:5])
    assert 0 < len(list(tutor.write_questions(excerpts[:5], 100))) <= sentences


def test_it_writes_nothing_from_nothing(tutor: Tutor) -> None:
    assert list(tutor.write_questions([], 5)) == []


def test_every_quote_is_a_sentence_of_an_excerpt_it_was_given(
    drafts: list[DraftQuestion], excerpts: list[Excerpt]
) -> None:
    given = [*excerpts, *TEXTBOOK]
    texts = {excerpt.passage_id: excerpt.text for excerpt in given}
    for draft in drafts:
        evidence = draft.evidence
        assert (evidence.excerpt.passage_id, evidence.start, evidence.end) in quotable(given)
        assert evidence.quote in texts[evidence.excerpt.passage_id]


def test_it_quotes_no_sentence_that_runs_over_a_page(tutor: Tutor, excerpts: list[Excerpt]) -> None:
    cut = with_every_other_sentence_cut(excerpts)
    places = [
        (draft.evidence.excerpt.passage_id, draft.evidence.start, draft.evidence.end)
        for seed in SEEDS
        for draft in tutor.write_questions(cut, 10, seed=seed)
    ]
    assert places
    assert set(places) <= quotable(cut)


def test_questions_come_from_different_places_in_the_order_of_the_document(
    tutor: Tutor, excerpts: list[Excerpt]
) -> None:
    for seed in SEEDS:
        places = [draft.evidence.excerpt.ordinal for draft in tutor.write_questions(excerpts, 4, seed=seed)]
        assert all(first < second for first, second in pairwise(places))


def test_where_the_document_must_be_gone_through_again_each_round_is_in_its_order(
    tutor: Tutor, excerpts: list[Excerpt]
) -> None:
    for seed in SEEDS:
        places = [draft.evidence.excerpt.ordinal for draft in tutor.write_questions(excerpts, 8, seed=seed)]
        assert len(set(places)) == len(places)
        assert sum(first > second for first, second in pairwise(places)) <= 1


def test_a_question_says_something_and_is_about_something(drafts: list[DraftQuestion]) -> None:
    for draft in drafts:
        assert draft.prompt.strip()
        assert draft.answer.strip()
        assert draft.concept.strip()
        assert 0 <= draft.difficulty <= 1


def test_key_points_are_phrases_of_the_answer_and_there_is_one_at_least(drafts: list[DraftQuestion]) -> None:
    for draft in drafts:
        assert draft.key_points
        assert all(holds_in_a_row(draft.answer, point) for point in draft.key_points), draft


def test_the_answer_of_a_multiple_choice_is_one_of_its_choices(drafts: list[DraftQuestion]) -> None:
    for draft in drafts:
        if draft.kind is Kind.MULTIPLE_CHOICE:
            assert draft.choices.count(draft.answer) == 1
            assert len({choice.casefold() for choice in draft.choices}) == len(draft.choices) > 1
        else:
            assert draft.choices == ()


def test_a_cloze_has_one_blank_and_any_other_question_none(drafts: list[DraftQuestion]) -> None:
    for draft in drafts:
        assert draft.prompt.count("_____") == (draft.kind is Kind.CLOZE), draft.prompt


def test_what_was_asked_about_is_not_asked_about_again(tutor: Tutor, excerpts: list[Excerpt]) -> None:
    asked: set[str] = set()
    for seed in SEEDS:
        quotes = [draft.evidence.quote for draft in tutor.write_questions(excerpts, 3, avoid=asked, seed=seed)]
        assert not asked & set(quotes)
        assert len(set(quotes)) == len(quotes)
        asked.update(quotes)
    assert len(asked) > 3


def test_the_same_seed_writes_the_same_questions(tutor: Tutor, excerpts: list[Excerpt]) -> None:
    first, second = (list(tutor.write_questions(excerpts, 6, seed=11)) for _ in range(2))
    assert first
    assert first == second


# ---- grading ----


@pytest.mark.parametrize("answer", ["", "   ", "\n\t"])
def test_an_empty_answer_is_incorrect(tutor: Tutor, drafts: list[DraftQuestion], answer: str) -> None:
    for draft in drafts:
        grade = tutor.grade(to_grade(draft), answer)
        assert grade.verdict is Verdict.INCORRECT
        assert grade.right == ()


def test_the_reference_answer_is_correct_and_covers_every_key_point(tutor: Tutor, drafts: list[DraftQuestion]) -> None:
    for draft in drafts:
        grade = tutor.grade(to_grade(draft), draft.answer)
        assert grade.verdict is Verdict.CORRECT, draft
        assert grade.missing == ()


def test_scores_lie_in_bands_that_agree_with_the_verdicts(tutor: Tutor, drafts: list[DraftQuestion]) -> None:
    scores: dict[Verdict, list[float]] = {verdict: [] for verdict in Verdict}
    for draft in drafts:
        beginning = " ".join(draft.answer.split()[: max(1, len(draft.answer.split()) // 2)])
        for answer in (draft.answer, beginning, draft.key_points[0], draft.prompt, "a blue elephant", "not so", ""):
            grade = tutor.grade(to_grade(draft), answer)
            assert 0 <= grade.score <= 1
            assert grade.feedback.strip()
            assert not set(grade.right) & set(grade.missing)
            assert set(grade.right) | set(grade.missing) <= set(draft.key_points)
            scores[grade.verdict].append(grade.score)
    assert scores[Verdict.CORRECT]
    assert scores[Verdict.PARTIAL]
    assert scores[Verdict.INCORRECT]
    assert max(scores[Verdict.INCORRECT]) < min(scores[Verdict.PARTIAL])
    assert max(scores[Verdict.PARTIAL]) < min(scores[Verdict.CORRECT])
    assert all(score < min(scores[Verdict.CORRECT]) for score in scores[Verdict.UNSURE])


# ---- hints ----


@pytest.mark.parametrize("rung", [0, 1])
def test_a_nudge_and_a_part_never_give_the_answer(tutor: Tutor, drafts: list[DraftQuestion], rung: int) -> None:
    for draft in drafts:
        said = tutor.hint(to_grade(draft), rung)
        assert said.strip()
        assert not holds_in_a_row(said, draft.answer), (draft, said)


def test_the_last_rung_names_the_page(tutor: Tutor, drafts: list[DraftQuestion]) -> None:
    for draft in drafts:
        assert f"page {draft.evidence.excerpt.page}" in tutor.hint(to_grade(draft), 2)


# ---- replies ----


@pytest.mark.parametrize("message", ABOUT_THE_SAMPLE)
def test_a_reply_cites_whole_sentences_of_the_excerpts_alone(
    tutor: Tutor, excerpts: list[Excerpt], message: str
) -> None:
    reply = tutor.reply(message, excerpts)
    assert reply.grounded
    assert reply.citations
    assert reply.text.strip()
    for citation in reply.citations:
        assert (citation.excerpt.passage_id, citation.start, citation.end) in quotable(excerpts)


@pytest.mark.parametrize("message", ABOUT_THE_SAMPLE)
def test_a_reply_cites_no_sentence_that_runs_over_a_page(tutor: Tutor, excerpts: list[Excerpt], message: str) -> None:
    cut = with_every_other_sentence_cut(excerpts)
    for citation in tutor.reply(message, cut).citations:
        assert (citation.excerpt.passage_id, citation.start, citation.end) in quotable(cut)


@pytest.mark.parametrize("message", BESIDE_THE_SAMPLE)
def test_it_says_so_when_the_excerpts_do_not_answer(tutor: Tutor, excerpts: list[Excerpt], message: str) -> None:
    reply = tutor.reply(message, excerpts)
    assert not reply.grounded
    assert reply.citations == ()
    assert reply.text.strip()


def test_it_says_so_when_there_is_nothing_to_reply_from(tutor: Tutor) -> None:
    reply = tutor.reply(ABOUT_THE_SAMPLE[0], [])
    assert not reply.grounded
    assert reply.citations == ()
