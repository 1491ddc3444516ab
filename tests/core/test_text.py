"""The published normalisation and its map back to the raw text."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hellotutor.core.text import HIDDEN, PARAGRAPH, NormalisedText, as_printed, is_verbatim, normalise


def test_it_joins_a_word_hyphenated_at_a_lines_end() -> None:
    assert normalise("the infor-\nmation").text == "the information"
    assert normalise("easy to cap\x02ture").text == "easy to capture"


def test_it_keeps_a_hyphen_before_a_capital() -> None:
    assert normalise("the Anglo-\nSaxon").text == "the Anglo- Saxon"


def test_it_unifies_quotes_and_dashes_and_ligatures() -> None:
    assert normalise("“ﬁne” – it’s").text == '"fine" \u2014 it\'s'


def test_it_folds_white_space_and_drops_soft_hyphens() -> None:
    assert normalise("  a\u00a0\t b\u00ad\u200bc \n").text == "a bc"


def test_a_reader_can_hide_characters_without_moving_the_map() -> None:
    raw = "a **bold** word"
    normal = normalise(raw.replace("*", HIDDEN))
    assert normal.text == "a bold word"
    start = normal.text.index("word")
    assert raw[slice(*normal.raw_span(start, start + 4))] == "word"


def test_it_says_where_paragraphs_start() -> None:
    normal = normalise(f"one\n\ntwo{PARAGRAPH}three\nfour")
    assert [normal.text[at:].split()[0] for at in normal.paragraphs] == ["two", "three"]


def test_a_quote_leads_back_to_its_raw_characters() -> None:
    raw = "Its “eﬃ\x02cient\r\nspread” is wide."
    normal = normalise(raw)
    start = normal.text.index("efficient")
    assert raw[slice(*normal.raw_span(start, start + len("efficient spread")))] == "eﬃ\x02cient\r\nspread"


@pytest.mark.parametrize(
    ("raw", "quote", "expected"),
    [
        ("cafe\u0301 x", "café", "cafe\u0301"),
        ("\u1112\u1161\u11ab\u1100\u1173\u11af", "한", "\u1112\u1161\u11ab"),
        ("a b\u200b\u200b c", "b", "b"),
        ("infor-\nmation", "infor", "infor"),
        ("infor-\nmation", "mation", "mation"),
        (f"{HIDDEN * 2}bold{HIDDEN * 2} word", "bold", "bold"),
        ("o\ufb03ce", "f", "\ufb03"),
        ("o\ufb03\u0301ce", "f", "\ufb03\u0301"),
        ("a  \n b", "a", "a"),
    ],
)
def test_a_span_holds_whole_characters_and_nothing_that_was_deleted_around_them(
    raw: str, quote: str, expected: str
) -> None:
    normal = normalise(raw)
    start = normal.text.index(quote)
    assert raw[slice(*normal.raw_span(start, start + len(quote)))] == expected


ALPHABET = st.sampled_from("ab Z-\n\r\t\x02\u00ad\u200bﬁé\u0301“”–½\u2029\u2060ힰ한\u0323\u1112\u1161\u11ab`ㄱㅏ")


def unit_borders(normal: NormalisedText) -> list[int]:
    """The offsets that lie between two characters of the raw text, and not inside one that became several."""
    inner = range(1, len(normal.text))
    return [at for at in inner if normal.raw_span(at - 1, at)[1] <= normal.raw_span(at, at + 1)[0]]


@given(st.text(alphabet=ALPHABET, max_size=24))
@example("cafe\u0301 x")
def test_what_a_span_leads_back_to_reads_as_the_span(raw: str) -> None:
    normal = normalise(raw)
    borders = [0, *unit_borders(normal), len(normal.text)]
    for start in borders:
        for end in borders:
            if end > start and normal.text[start:end].strip():
                found = raw[slice(*normal.raw_span(start, end))]
                assert normalise(found).text == normal.text[start:end].strip()


@given(st.text(alphabet=ALPHABET, max_size=60))
def test_normalising_twice_changes_nothing_and_the_map_never_leaves_the_text(raw: str) -> None:
    normal = normalise(raw)
    assert normalise(normal.text).text == normal.text
    assert "  " not in normal.text
    previous = 0
    for offset in range(len(normal.text)):
        start, end = normal.raw_span(offset, offset + 1)
        assert previous <= start < end <= len(raw)
        previous = start


@given(st.text(max_size=80))
def test_any_slice_of_a_text_is_verbatim_in_it(raw: str) -> None:
    text = normalise(raw).text
    quote = text[2:20].strip()
    assert not quote or is_verbatim(quote, raw)


def test_another_word_is_not_verbatim() -> None:
    assert not is_verbatim("the cat", "a cat sat")
    assert not is_verbatim("", "anything")


def test_a_quote_as_printed_keeps_its_own_quotation_marks_and_is_verbatim() -> None:
    raw = "“it’s the ef\x02fi\u00adcient —\r\n spread”"
    assert as_printed(raw) == "“it’s the efficient — spread”"
    assert is_verbatim(as_printed(raw), raw)
