"""Whether reading and indexing take the same time a page, and the same memory, at 100, 1,000 and 10,000 pages."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from itertools import cycle, islice
from pathlib import Path

import pypdfium2
from fpdf import FPDF

from .ingestion import Run, run_service
from .shared import add_path
from .tables import write_table

PAGES = (100, 1_000, 10_000)
# Of a page of the book, set in 10 points.
_LINES_A_PAGE, _LINE_MM, _MARGIN_MM = 37, 6.5, 25
_WORKER = ("benchmarks.ingestion_worker_hashing",)


def main() -> None:
    """Print a Markdown table and write it into docs/performance.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_path(parser, "--book", "books", "freeculture.pdf", help_text="the PDF whose lines fill the pages")
    parser.add_argument("--pages", type=int, nargs="*", default=PAGES)
    parser.add_argument("--minilm", action="store_true", help="with the real embedder: an hour at 10,000 pages")
    options = parser.parse_args()
    runs = []
    with tempfile.TemporaryDirectory() as folder:
        for pages in options.pages:
            file = Path(folder) / f"{pages}.pdf"
            write_pdf(file, pages, lines=read_lines(options.book))
            worker = ("hellotutor", "worker") if options.minilm else _WORKER
            runs.append({"file_mb": file.stat().st_size / 1e6, **run_service(file, worker=worker)})
            print(json.dumps(runs[-1]), file=sys.stderr)
    write_table("ingestion growth", _table(runs))


def read_lines(book: Path) -> list[str]:
    """Return the lines of a PDF, of the characters that the standard fonts of PDF have."""
    document = pypdfium2.PdfDocument(book)
    text = "\n".join(page.get_textpage().get_text_bounded() for page in document)
    lines = (line.encode("latin-1", "ignore").decode("latin-1").strip() for line in text.splitlines())
    return [line for line in lines if line]


def write_pdf(file: Path, pages: int, lines: Sequence[str]) -> None:
    """Write a PDF that goes through the lines again and again.

    A page begins at another line each time round, where the number of lines isn't a multiple of a page's: so no line is
    taken for a running header.
    """
    document = FPDF()
    document.set_font("helvetica", size=10)
    endless = cycle(lines)
    for _ in range(pages):
        document.add_page()
        for number, line in enumerate(islice(endless, _LINES_A_PAGE)):
            document.text(_MARGIN_MM, _MARGIN_MM + number * _LINE_MM, line)
    document.output(str(file))


def _table(runs: Sequence[Run]) -> str:
    lines = [
        "| pages | passages | file MB | first question s | reading s | ms a page | embedding s | ms a passage "
        "| upload to indexed s | core-ms a page | peak MB of the worker | of the child that reads |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    return "\n".join([*lines, *map(_row, runs)])


def _row(run: Run) -> str:
    reading_s, embedding_s = run["read_s"] - run["begun_s"], run["indexed_s"] - run["read_s"]
    return (
        f"| {run['pages_read']:,} | {run['passages_read']:,} | {run['file_mb']:.1f} | {run['question_s']:.1f} "
        f"| {reading_s:.1f} | {1000 * reading_s / run['pages_read']:.2f} | {embedding_s:.1f} "
        f"| {1000 * embedding_s / run['passages_read']:.2f} | {run['indexed_s']:.1f} "
        f"| {1000 * run['cpu_s'] / run['pages_read']:.0f} | {run['root_mb']:.0f} "
        f"| {run['child_mb']:.0f} |"
    )


if __name__ == "__main__":
    main()
