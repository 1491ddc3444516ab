"""What readers make of files, by their content."""

from __future__ import annotations

import re
from pathlib import Path

import pypdfium2
import pytest
from fpdf import FPDF

from hellotutor.core.errors import Invalid
from hellotutor.core.text import normalise
from hellotutor.ingestion.readers.base import DocumentReader, FileType, ReadingLimits, ReadPage, sniff
from hellotutor.ingestion.readers.markdown import _HEADING, MarkdownReader, _title, hide_markup
from hellotutor.ingestion.readers.pdf import PdfReader
from hellotutor.ingestion.readers.text import TextReader, decode


def shown(page: ReadPage) -> str:
    return normalise(page.shown_text).text


def read(reader: DocumentReader, path: Path) -> list[ReadPage]:
    pages = list(reader.read(path))
    assert all(len(page.shown_text) == len(page.raw_text) for page in pages)
    return pages


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """A PDF of five pages with an outline, running headers and page numbers."""
    pdf = FPDF()
    pdf.set_font("Helvetica", size=12)
    for number in range(1, 6):
        pdf.add_page()
        if number in (1, 4):
            pdf.start_section("Tides" if number == 1 else "Waves")
        pdf.multi_cell(0, 8, f"The Sea and its Moods {number + 100}", new_x="LMARGIN", new_y="NEXT")
        pdf.multi_cell(
            0, 8, f"Sentence {number} tells of the sea. It has a second line.", new_x="LMARGIN", new_y="NEXT"
        )
        pdf.multi_cell(0, 8, f"{number}", new_x="LMARGIN", new_y="NEXT")
    path = tmp_path / "book.pdf"
    pdf.output(str(path))
    return path


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"%PDF-1.7 ...", FileType.PDF),
        (b"\n\n%PDF-1.4", FileType.PDF),
        (b"PK\x03\x04....", FileType.ARCHIVE),
        (b"\x89PNG\r\n\x1a\n", FileType.IMAGE),
        (b"\x7fELF\x02\x01\x01\x00\x00", FileType.BINARY),
        ("Grüße aus Köln".encode("latin-1"), FileType.TEXT),
        ("plain".encode("utf-16"), FileType.TEXT),
        ("plain old text".encode("utf-16-le"), FileType.TEXT),
        (b"# Title\n\nText", FileType.TEXT),
        (b"PK\x03\x04 a.pdf %PDF-1.7", FileType.ARCHIVE),
        (b"\x89PNG\r\n\x1a\n %PDF-1.7", FileType.IMAGE),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 %PDF-1.7", FileType.BINARY),
        (b"\xef\xbb\xbf\r\n <!DOCTYPE html>\n<p>", FileType.HTML),
        ("<HTML lang='de'>".encode("utf-16"), FileType.HTML),
        (b"How <html> pages are made", FileType.TEXT),
        (b"{\\rtf1\\ansi", FileType.RTF),
    ],
)
def test_a_file_is_what_its_content_is(head: bytes, expected: FileType) -> None:
    assert sniff(head) is expected


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252"])
def test_text_is_decoded_whatever_its_encoding(encoding: str) -> None:
    text = "Größe und Maß sind für die Prüfung wichtig. Die Übung fällt schwer.\r\nÄpfel, Öl, Straße."
    assert decode(text.encode(encoding)) == text.replace("\r\n", "\n")


def test_a_pdf_gives_its_pages_with_headings_and_without_running_lines(book: Path) -> None:
    pages = read(PdfReader(), book)
    assert [page.number for page in pages] == [1, 2, 3, 4, 5]
    assert [page.heading_path for page in pages] == [("Tides",)] * 3 + [("Waves",)] * 2
    assert shown(pages[2]) == "Sentence 3 tells of the sea. It has a second line."
    assert "The Sea and its Moods 103" in pages[2].raw_text
    assert PdfReader().count_pages(book) == 5


def test_a_title_of_the_outline_is_a_paragraph_of_its_own_and_holds_from_its_page_on(tmp_path: Path) -> None:
    pdf = FPDF()
    pdf.set_font("Helvetica", size=12)
    pdf.add_page()
    pdf.start_section("Tides")
    pdf.multi_cell(0, 8, "Tides\nTides come twice a day.", new_x="LMARGIN", new_y="NEXT")
    pdf.start_section("Neap tides", level=1)
    pdf.multi_cell(0, 8, "Neap tides\nNeap tides are weak.", new_x="LMARGIN", new_y="NEXT")
    pdf.add_page()
    pdf.multi_cell(0, 8, "They come at half moon.")
    pdf.output(str(tmp_path / "tides.pdf"))
    first, second = read(PdfReader(), tmp_path / "tides.pdf")
    normal = normalise(first.shown_text)
    assert [normal.text[at:].split(" ")[0] for at in normal.paragraphs] == ["Tides", "Neap", "Neap"]
    assert (first.heading_path, second.heading_path) == (("Tides",), ("Tides", "Neap tides"))


def damage(source: Path, *indexes: int) -> Path:
    """Write a copy of a PDF whose pages of these indexes are no objects any more."""
    data = source.read_bytes()
    objects = list(re.finditer(rb"(?<=obj\n)<<\n[^>]*/Type /Page\n[^>]*>>", data))
    for index in indexes:
        start, end = objects[index].span()
        data = data[:start] + b"null".ljust(end - start) + data[end:]
    path = source.with_name("damaged.pdf")
    path.write_bytes(data)
    return path


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    pdf = FPDF()
    pdf.set_font("Helvetica", size=12)
    for number in range(1, 4):
        pdf.add_page()
        pdf.multi_cell(0, 8, f"Page {number} speaks of the sea.")
    pdf.output(str(tmp_path / "notes.pdf"))
    return tmp_path / "notes.pdf"


def test_a_damaged_page_is_passed_over_and_told(notes: Path) -> None:
    pages = read(PdfReader(), damage(notes, 1))
    assert [page.number for page in pages] == [1, 2, 3]
    assert [page.is_damaged for page in pages] == [False, True, False]
    assert [page.raw_text for page in pages] == ["Page 1 speaks of the sea.", "", "Page 3 speaks of the sea."]


def test_a_pdf_whose_every_page_is_damaged_is_refused(notes: Path) -> None:
    with pytest.raises(Invalid) as refused:
        list(PdfReader().read(damage(notes, 0, 1, 2)))
    assert refused.value.code == "unreadable_pdf"
    assert "Every page" in refused.value.message


def test_a_scan_without_text_says_what_to_do(tmp_path: Path) -> None:
    pdf = FPDF()
    for _ in range(3):
        pdf.add_page()
        pdf.rect(20, 20, 100, 100)
    pdf.output(str(tmp_path / "scan.pdf"))
    with pytest.raises(Invalid) as refused:
        list(PdfReader().read(tmp_path / "scan.pdf"))
    assert refused.value.code == "no_text_layer"
    assert "3 pages" in refused.value.message


def test_a_pdf_without_a_page_is_refused(tmp_path: Path) -> None:
    pypdfium2.PdfDocument.new().save(tmp_path / "none.pdf")
    with pytest.raises(Invalid) as refused:
        list(PdfReader().read(tmp_path / "none.pdf"))
    assert refused.value.code == "no_pages"


def test_an_encrypted_pdf_needs_a_password_and_a_damaged_one_is_said_to_be(tmp_path: Path, book: Path) -> None:
    pdf = FPDF()
    pdf.set_encryption(owner_password="owner", user_password="user")
    pdf.add_page()
    pdf.set_font("Helvetica", size=12)
    pdf.cell(text="secret")
    pdf.output(str(tmp_path / "locked.pdf"))
    (tmp_path / "damaged.pdf").write_bytes(b"%PDF-1.7\n" + b"garbage " * 50)
    for name, code in (("locked.pdf", "needs_password"), ("damaged.pdf", "unreadable_pdf")):
        with pytest.raises(Invalid) as refused:
            list(PdfReader().read(tmp_path / name))
        assert refused.value.code == code


MARKDOWN = """# Cells {#cells}

A **cell** is the *smallest* unit of [life][1]. See ![a picture](cell.png) here.

* first item
* second `item`

## The wall

Plants have one. Snake_case_names and 2 * 3 * 4 stay.

```
# not a heading
```

[1]: /life.html
"""


def test_markdown_is_read_by_sections_with_its_markup_hidden(tmp_path: Path) -> None:
    (tmp_path / "cells.md").write_text(MARKDOWN, encoding="utf-8")
    cells, wall = read(MarkdownReader(), tmp_path / "cells.md")
    assert (cells.number, cells.heading_path) == (None, ("Cells",))
    assert wall.heading_path == ("Cells", "The wall")
    assert shown(cells) == "Cells A cell is the smallest unit of life. See here. first item second item"
    assert "Snake_case_names and 2 * 3 * 4 stay." in shown(wall)
    assert "# not a heading" in shown(wall)
    assert cells.raw_text + wall.raw_text == MARKDOWN


def test_plain_text_is_not_taken_for_markdown_and_markdown_is() -> None:
    reader = MarkdownReader()
    assert reader.can_read(FileType.TEXT, MARKDOWN.encode())
    assert not reader.can_read(FileType.TEXT, b"Just a few words. # not a title\nand more.")
    assert not reader.can_read(FileType.PDF, MARKDOWN.encode())


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("# A title {#at} {.x} ##\n", "A title {#at} {.x}"),
        ("# A title ## {#at}\n", "A title"),
        ("#\tC# ##  \n", "C#"),
        ("# #\n", "#"),
    ],
)
def test_a_heading_is_its_words(source: str, expected: str, tmp_path: Path) -> None:
    (tmp_path / "title.md").write_text(source + "\nText.", encoding="utf-8")
    assert read(MarkdownReader(), tmp_path / "title.md")[0].raw_text.startswith(source)
    (match,) = _HEADING.finditer(source)
    assert _title(match) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("See [it](https://a.b/c_(d) 'a (b)') now.", "See it now."),
        (f"A ![cell](data:image/png;base64,{'A' * 5_000}) here.", "A here."),
        ("One <!-- two\n\n- three ` --> four ` five.", "One four ' five."),
        ("**a *b* c** and ***d*** and _e_ and *[f](g)*", "a b c and d and e and f"),
        ("*not closed and a_b_c and **d* x", "*not closed and a_b_c and **d* x"),
    ],
)
def test_markup_is_hidden_and_what_only_looks_like_it_stays(source: str, expected: str) -> None:
    assert normalise(hide_markup(source)).text == expected


def test_a_very_long_heading_is_cut_in_the_path_only(tmp_path: Path) -> None:
    title = "word " * 1_000
    (tmp_path / "long.md").write_text(f"# {title}\n\nText.", encoding="utf-8")
    (page,) = read(MarkdownReader(), tmp_path / "long.md")
    assert page.heading_path == (title[:300],)
    assert shown(page) == title + "Text."


LINE = "A line of some words that says something of the sea"


@pytest.mark.parametrize(
    ("text", "ends_with"),
    [
        (f"{LINE}\n{LINE}.\n" * 1_000, ".\n"),
        (f"{LINE}\n" * 2_000, "\n"),
        (f"{LINE} " * 2_000, " "),
        ("海" * 100_000, "海"),
        ("海が青い。" * 20_000, "。"),
    ],
)
@pytest.mark.parametrize("start", ["", "# The sea\n\n"])
def test_a_long_text_is_cut_where_a_reader_would_pause(start: str, text: str, ends_with: str, tmp_path: Path) -> None:
    path = tmp_path / "sea.txt"
    path.write_text(start + text, encoding="utf-8")
    pages = read(MarkdownReader() if start else TextReader(), path)
    assert "".join(page.raw_text for page in pages) == start + text
    assert all(len(page.raw_text) <= 20_000 for page in pages)
    assert all(page.raw_text.endswith(ends_with) for page in pages)
    assert {page.heading_path for page in pages} == {("The sea",) if start else ()}


def test_a_long_section_is_cut_at_a_blank_line_and_its_markup_stays_hidden(tmp_path: Path) -> None:
    text = "# The sea\n\n" + f"The **sea** is [wide](x).\n{LINE}.\n\n" * 1_000
    (tmp_path / "sea.md").write_text(text, encoding="utf-8")
    pages = read(MarkdownReader(), tmp_path / "sea.md")
    assert len(pages) > 3
    assert all(page.raw_text.endswith("\n\n") for page in pages)
    assert " ".join(shown(page) for page in pages) == "The sea" + f" The sea is wide. {LINE}." * 1_000


def test_text_past_a_limit_is_refused_with_the_limit(tmp_path: Path) -> None:
    (tmp_path / "long.txt").write_text("word " * 1000, encoding="utf-8")
    with pytest.raises(Invalid) as refused:
        list(TextReader(ReadingLimits(characters=2_000)).read(tmp_path / "long.txt"))
    assert refused.value.code == "too_many_characters"
    assert "2,000" in refused.value.message


def test_text_without_a_letter_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "dots.txt").write_text("... --- ...\n\n", encoding="utf-8")
    with pytest.raises(Invalid) as refused:
        list(TextReader().read(tmp_path / "dots.txt"))
    assert refused.value.code == "no_text"


def test_the_shared_book_has_352_pages_and_no_footer_in_its_text(shared_data: Path) -> None:
    pages = read(PdfReader(), shared_data / "books" / "freeculture.pdf")
    assert len(pages) == 352
    assert not [page.number for page in pages if shown(page).endswith("FREE CULTURE")]
    assert pages[99].heading_path[0] == '"PROPERTY"'
