"""A page's text in paragraphs: nothing is lost, and the marked words are marked wherever they run."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hellotutor.core.text import normalise
from hellotutor.documents.models import Page
from hellotutor.documents.page_text import split_paragraphs

PRINTED = (
    "A title\nThis is a line of the usual length of a page\nand this is another one of about that length\n"
    "which ends early.\nHere a new paragraph begins and goes on for long\n"
)


def _page(raw: str, *, number: int | None = None) -> Page:
    normal = normalise(raw)
    return Page(ordinal=0, number=number, text=normal.text, raw_text=raw, raw_map=normal.breaks)


def _texts(page: Page) -> list[str]:
    return ["".join(piece.text for piece in paragraph).strip() for paragraph in split_paragraphs(page)]


def test_a_printed_line_that_ends_early_ends_its_paragraph() -> None:
    assert _texts(_page(PRINTED, number=1)) == [
        "A title",
        "This is a line of the usual length of a page and this is another one of about that length which ends early.",
        "Here a new paragraph begins and goes on for long",
    ]


def test_a_section_breaks_at_empty_lines_and_items_alone() -> None:
    assert _texts(_page("One\nline.\n\nTwo.\n- first\n- second")) == ["One line.", "Two.", "- first", "- second"]


def test_a_span_over_two_paragraphs_is_marked_in_both_and_led_to_once() -> None:
    page = _page("First one.\n\nSecond one.")
    marked = [piece for paragraph in split_paragraphs(page, 6, 17) for piece in paragraph if piece.is_marked]
    assert [piece.text for piece in marked] == ["one. ", "Second"]
    assert [piece.is_first for piece in marked] == [True, False]


@given(
    st.text(alphabet="ab.-1 \n\u00ad\u2060é\u0301", max_size=80), st.booleans(), st.integers(0, 80), st.integers(0, 80)
)
def test_no_text_is_lost_and_exactly_the_span_is_marked(raw: str, is_printed: bool, one: int, two: int) -> None:
    page = _page(raw, number=1 if is_printed else None)
    start, end = sorted(min(offset, len(page.text)) for offset in (one, two))
    pieces = [piece for paragraph in split_paragraphs(page, start, end) for piece in paragraph]
    assert "".join(piece.text for piece in pieces) == page.text
    assert "".join(piece.text for piece in pieces if piece.is_marked) == page.text[start:end]
