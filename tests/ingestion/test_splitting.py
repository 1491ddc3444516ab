"""Pages into passages: whole sentences with their place on the page."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from hellotutor.ingestion.readers.base import ReadPage
from hellotutor.ingestion.readers.markdown import MarkdownReader
from hellotutor.ingestion.splitting import PassageDraft, split


def page(text: str, number: int | None = None, path: tuple[str, ...] = ()) -> ReadPage:
    return ReadPage(number=number, label="", heading_path=path, raw_text=text, shown_text=text)


def passages(pages: Iterable[ReadPage]) -> list[PassageDraft]:
    return [passage for _, ready in split(pages) for passage in ready]


def sentences(passage: PassageDraft) -> list[str]:
    return [passage.text[start:end] for start, end in passage.sentences]


SENTENCE = "Number {0} of these sentences says that the sea rises and falls twice a day."


def test_a_passage_holds_about_300_characters_in_whole_sentences() -> None:
    made = passages([page(" ".join(SENTENCE.format(number) for number in range(30)))])
    assert [sentence for passage in made for sentence in sentences(passage)] == [SENTENCE.format(n) for n in range(30)]
    assert all(200 <= len(passage.text) <= 450 for passage in made[:-1])


def test_a_sentence_that_runs_over_a_page_keeps_both_pages() -> None:
    made = passages([page("The tide is high. The moon that cau-", 1), page("ses it is far. It is bright.", 2)])
    crossing = made[-1]
    assert sentences(crossing) == ["The tide is high.", "The moon that causes it is far.", "It is bright."]
    assert (crossing.page.page.number, crossing.end_page.page.number) == (1, 2)
    assert crossing.page.normal.text[crossing.start :].startswith("The tide is high.")
    assert crossing.end_page.normal.text[: crossing.end].endswith("It is bright.")


def test_a_passage_never_runs_over_more_than_two_pages() -> None:
    slides = [page(f"Slide {n} speaks of the tide", n) for n in range(1, 6)]
    made = passages(slides)
    assert all(passage.end_page.ordinal - passage.page.ordinal <= 1 for passage in made)
    assert " ".join(passage.text for passage in made) == " ".join(slide.raw_text for slide in slides)


def test_a_passage_never_crosses_a_heading() -> None:
    made = passages([page("It goes on", 1, ("A",)), page("and on. Then it ends.", 2, ("B",))])
    assert [passage.text for passage in made] == ["It goes on", "and on. Then it ends."]


def test_sections_are_not_joined_as_if_they_were_pages() -> None:
    made = passages([page("no full stop"), page("another section.")])
    assert [passage.text for passage in made] == ["no full stop", "another section."]


def test_text_without_a_full_stop_is_cut_into_pieces() -> None:
    made = passages([page("word " * 50_000)])
    assert max(len(passage.text) for passage in made) <= 1_200
    assert " ".join(passage.text for passage in made).split() == ["word"] * 50_000
    assert max(len(passage.text) for passage in passages([page("x" * 10_000)])) <= 1_200


@given(st.lists(st.text(alphabet="ab. A\n-\x02\u2060", max_size=80), max_size=6))
def test_nothing_is_lost_doubled_or_moved(texts: list[str]) -> None:
    pages = [page(text, number + 1) for number, text in enumerate(texts)]
    drafts = list(split(pages))
    assert [draft.page for draft, _ in drafts] == pages
    made = [passage for _, ready in drafts for passage in ready]
    assert [passage.ordinal for passage in made] == list(range(len(made)))
    spoken = "".join(passage.text for passage in made).replace(" ", "").replace("-", "")
    assert spoken == "".join(draft.normal.text for draft, _ in drafts).replace(" ", "").replace("-", "")
    for passage in made:
        if passage.page is passage.end_page:
            assert passage.text == passage.page.normal.text[passage.start : passage.end]


def test_the_passages_of_the_textbook_stand_letter_for_letter_in_its_sections(shared_data: Path) -> None:
    path = shared_data / "textbook" / "biology-evolution.md"
    made = passages(MarkdownReader().read(path))
    assert len(made) > 100
    for passage in made:
        assert passage.text == passage.page.normal.text[passage.start : passage.end]
