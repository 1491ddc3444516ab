"""The documents of the proof of ingestion: real ones in pieces of many sizes, and some that are made."""

from __future__ import annotations

from pathlib import Path

import pypdfium2
from fpdf import FPDF

LEARNERS = ("ada", "blaise", "carl", "dorothy", "emmy")
_PDF_PAGES = ((10, 14), (40, 52), (100, 140), (200, 300))  # of the book
_MARKDOWN_LINES = ((0, 40), (57, 98), (98, 165), (166, 330), (330, 600), (600, 1_000))  # of the textbook
_TEXT_CHARACTERS = ((0, 900), (900, 6_000), (6_000, 20_000), (20_000, 48_000))  # of the speech


def write_documents(folder: Path, shared: Path) -> int:
    """Write 20 documents into folders of five learners; return how many they are."""
    contents = {**_cut_real(folder, shared), **make_documents()}
    for number, (name, content) in enumerate(contents.items()):
        path = folder / LEARNERS[number % len(LEARNERS)] / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return len(contents)


def make_documents() -> dict[str, bytes]:
    """Return six documents, by their names, that need no shared data."""
    bays = [f"# Bay {n}\n\nThe tide of bay {n} rises when moon {n} is near, and falls after.\n" for n in range(260)]
    runs_on = "The tide rises twice a day and the moon that pulls it goes round, and"
    return {
        "bays.md": "\n".join(bays).encode(),
        "one sentence.txt": b"The moon pulls the sea.",
        "windows.txt": "Zürich lies by the lake.\r\n\r\nThe Limmat leaves it there.\r\n".encode("cp1252"),
        "letters.md": "# Größe und Maß\n\nÉmile’s note: “æther” isn’t ether — 海は青い。 ﬁne ligatures.\n".encode(),
        "runs on.pdf": _make_pdf([f"{runs_on} so it goes on {n}" for n in range(24)]),
        "lines.txt": "\n".join(
            f"Line {n} of a log says that all is well with pump {n % 7}." for n in range(400)
        ).encode(),
    }


def _cut_real(folder: Path, shared: Path) -> dict[str, bytes]:
    book = pypdfium2.PdfDocument(shared / "books" / "freeculture.pdf")
    textbook = (shared / "textbook" / "biology-evolution.md").read_text(encoding="utf-8").splitlines(keepends=True)
    speech = (shared / "retrieval" / "corpora" / "state_of_the_union.md").read_text(encoding="utf-8")
    found: dict[str, bytes] = {}
    for first, end in _PDF_PAGES:
        part = pypdfium2.PdfDocument.new()
        part.import_pages(book, list(range(first, end)))
        path = folder / "part.pdf"
        folder.mkdir(parents=True, exist_ok=True)
        part.save(path)
        found[f"culture {first}.pdf"] = path.read_bytes()
        path.unlink()
    for first, end in _MARKDOWN_LINES:
        found[f"evolution {first}.md"] = "".join(textbook[first:end]).encode()
    for first, end in _TEXT_CHARACTERS:
        found[f"speech {first}.txt"] = speech[first:end].encode()
    return found


def _make_pdf(pages: list[str]) -> bytes:
    document = FPDF()
    document.set_font("helvetica", size=12)
    for text in pages:
        document.add_page()
        document.multi_cell(w=0, text=text)
    return bytes(document.output())
