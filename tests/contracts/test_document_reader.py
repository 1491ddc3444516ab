"""What every DocumentReader keeps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from fpdf import FPDF

from hellotutor.core.errors import Invalid
from hellotutor.core.text import HIDDEN, PARAGRAPH
from hellotutor.ingestion.readers.base import SNIFF_BYTES, DocumentReader, FileType, ReadingLimits, ReadPage, sniff
from hellotutor.ingestion.readers.markdown import MarkdownReader
from hellotutor.ingestion.readers.pdf import PdfReader
from hellotutor.ingestion.readers.text import TextReader
from hellotutor.ingestion.sandbox import SandboxedReader

SENTENCES = tuple(f"Sentence {number} tells how the sea rises and falls." for number in range(1, 6))


def write_pdf(path: Path, parts: tuple[str, ...]) -> None:
    pdf = FPDF()
    pdf.set_font("Helvetica", size=12)
    for part in parts:
        pdf.add_page()
        pdf.multi_cell(0, 8, part)
    pdf.output(str(path))


def write_markdown(path: Path, parts: tuple[str, ...]) -> None:
    sections = [f"# Part {number}\n\n**{part}**\n\n" for number, part in enumerate(parts, start=1) if part]
    path.write_text("".join(sections) or "---\n", encoding="utf-8")


def write_text(path: Path, parts: tuple[str, ...]) -> None:
    far = "= " * 2_000  # what stands so far apart isn't read as one block
    path.write_text("".join(f"{part}\n\n{far}\n\n" for part in parts), encoding="utf-8")


@dataclass(frozen=True)
class Format:
    """A format: who reads it, and how a file of it is made."""

    reader: Callable[[ReadingLimits | None], DocumentReader]
    write: Callable[[Path, tuple[str, ...]], None]
    file_type: FileType
    has_numbers: bool = False


FORMATS = {
    "pdf": Format(PdfReader, write_pdf, FileType.PDF, has_numbers=True),
    "pdf in a child": Format(
        lambda limits: SandboxedReader(PdfReader(limits)), write_pdf, FileType.PDF, has_numbers=True
    ),
    "markdown": Format(MarkdownReader, write_markdown, FileType.TEXT),
    "text": Format(TextReader, write_text, FileType.TEXT),
}


@pytest.fixture(params=FORMATS)
def form(request: pytest.FixtureRequest) -> Format:
    return FORMATS[request.param]


@pytest.fixture
def file(form: Format, tmp_path: Path) -> Path:
    return write(form, tmp_path / "sea", SENTENCES)


def write(form: Format, path: Path, parts: tuple[str, ...]) -> Path:
    form.write(path, parts)
    return path


def read(form: Format, path: Path, limits: ReadingLimits | None = None) -> list[ReadPage]:
    return list(form.reader(limits).read(path))


def refusal(form: Format, path: Path, limits: ReadingLimits | None = None) -> Invalid:
    with pytest.raises(Invalid) as refused:
        read(form, path, limits)
    assert refused.value.message
    assert not refused.value.retryable
    return refused.value


def test_it_names_itself_for_the_stamp_of_a_version(form: Format) -> None:
    reader = form.reader(None)
    assert reader.name
    assert reader.version >= 1


def test_pages_come_in_order_and_hold_every_sentence_once(form: Format, file: Path) -> None:
    pages = read(form, file)
    whole = " ".join(" ".join(page.shown_text.replace(HIDDEN, "").split()) for page in pages)
    places = [whole.find(sentence) for sentence in SENTENCES]
    assert -1 not in places
    assert places == sorted(places)
    assert all(whole.count(sentence) == 1 for sentence in SENTENCES)
    assert len(pages) > 1


def test_what_is_shown_is_the_raw_text_with_some_characters_overwritten(form: Format, file: Path) -> None:
    for page in read(form, file):
        assert len(page.shown_text) == len(page.raw_text)
        for raw, shown in zip(page.raw_text, page.shown_text, strict=True):
            assert shown in (raw, HIDDEN, PARAGRAPH)


def test_pages_are_numbered_from_one_where_the_format_has_pages(form: Format, file: Path) -> None:
    numbers = {page.number: page.shown_text for page in read(form, file)}
    if form.has_numbers:
        assert list(numbers) == [1, 2, 3, 4, 5]
        assert all(sentence in numbers[place] for place, sentence in enumerate(SENTENCES, start=1))
    else:
        assert list(numbers) == [None]


def test_a_count_of_pages_is_the_number_that_is_read(form: Format, file: Path) -> None:
    counted = form.reader(None).count_pages(file)
    assert counted == len(read(form, file)) or (counted is None and not form.has_numbers)


def test_reading_twice_gives_the_same(form: Format, file: Path) -> None:
    reader = form.reader(None)
    first = list(reader.read(file))
    assert first == list(reader.read(file)) == read(form, file)


def test_a_page_is_yielded_before_the_limit_that_a_later_one_passes(form: Format, file: Path) -> None:
    first = read(form, file)[0]
    pages = form.reader(ReadingLimits(characters=len(first.raw_text))).read(file)
    assert next(pages) == first
    with pytest.raises(Invalid):
        next(pages)


def test_too_many_pages_are_refused(form: Format, file: Path) -> None:
    pages = len(read(form, file))
    if form.has_numbers:
        assert refusal(form, file, ReadingLimits(pages=pages - 1)).code == "too_many_pages"
    else:  # sections are no pages: characters are what is limited
        assert len(read(form, file, ReadingLimits(pages=1))) == pages
    assert len(read(form, file, ReadingLimits(pages=pages))) == pages


def test_too_many_characters_are_refused(form: Format, file: Path) -> None:
    characters = sum(len(page.raw_text) for page in read(form, file))
    assert refusal(form, file, ReadingLimits(characters=characters - 1)).code == "too_many_characters"
    assert read(form, file, ReadingLimits(characters=characters))


def test_a_file_without_a_word_is_refused(form: Format, tmp_path: Path) -> None:
    assert refusal(form, write(form, tmp_path / "none", ("",))).code.startswith("no_text")


def test_it_reads_the_files_of_its_format_by_their_content(form: Format, file: Path) -> None:
    head = file.read_bytes()[:SNIFF_BYTES]
    assert sniff(head) is form.file_type
    assert form.reader(None).can_read(form.file_type, head)


@pytest.mark.parametrize("other", FileType)
def test_it_reads_no_other_type_of_file(form: Format, file: Path, other: FileType) -> None:
    head = file.read_bytes()[:SNIFF_BYTES]
    assert form.reader(None).can_read(other, head) == (other is form.file_type)
