"""Texts made to keep a careless pattern busy for hours: read to the end, and right.

A pattern that hangs holds the interpreter's lock, so all of them are read in a process of its own, which is ended from
outside if it hangs; what it read is then compared here.
"""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

SIZE = 100_000
HANGS_AFTER_S = 60
CHILD = """
import json, sys
from pathlib import Path
from hellotutor.ingestion.readers.base import ReadPage, sniff
from hellotutor.ingestion.readers.markdown import MarkdownReader
from hellotutor.ingestion.readers.pdf import _edge_lines, _has_no_pages
from hellotutor.ingestion.readers.text import TextReader
from hellotutor.ingestion.splitting import split

READERS = {".md": MarkdownReader(), ".txt": TextReader()}
for path in sorted(Path(sys.argv[1]).iterdir()):
    if path.suffix == ".pdf":
        answer = {"has_no_pages": _has_no_pages(path)}
    else:
        if path.suffix == ".page":  # as a PDF's page, which is never cut
            text = path.read_text(encoding="utf-8")
            pages = [ReadPage(1, "", (), text, text)]
            assert len(_edge_lines(text)) <= 6
        else:
            head = path.read_bytes()[:4096]
            READERS[".md"].can_read(sniff(head), head)
            pages = READERS[path.suffix].read(path)
        drafts = list(split(pages))
        answer = {
            "raw": "".join(draft.page.raw_text for draft, _ in drafts),
            "said": "".join("".join(passage.text for passage in made) for _, made in drafts).replace(" ", ""),
        }
    Path(sys.argv[2], path.name).write_text(json.dumps(answer), encoding="utf-8")
"""


def made(unit: str, end: str = " x", start: str = "") -> str:
    return start + unit * (SIZE // len(unit)) + end


# name: (text, what a learner is told of it, white space aside; None where that is all of it)
MARKDOWN: dict[str, tuple[str, str | None]] = {
    "spaces in a heading": (made(" ", "x", "# a"), "ax"),
    "number signs and spaces in a heading": (made("# ", "x", "# a "), "a" + "#" * (SIZE // 2) + "x"),
    "attributes in a heading": (made("{", "x", "# a "), "a" + "{" * SIZE + "x"),
    "comments without an end": (made("<!-- a\n"), None),
    "images without an end": (made("!["), None),
    "images without a target": (made("![a]"), None),
    "links without an end": (made("[a]("), None),
    "references without an end": (made("[a]["), None),
    "brackets": (made("["), None),
    "nested parentheses": (made("(b)", " x", "[a]("), None),
    "links in a target": (made("[a](b)", " x", "[a]("), "[a](" + "a" * (SIZE // 6) + "x"),
    "attributes": (made("{: "), None),
    "attributes without an end": (made("{#a"), None),
    "code blocks": (made("```\n# a\n"), "#aa" * (SIZE // 16) + "x"),
    "a code block without an end": (made("```\n\n~~~\n", "```\nx"), "'''x"),
    "headings": (made("# a\n\n"), "a" * (SIZE // 5) + "x"),
    "asterisks around letters": (made("*a"), None),
    "underscores": (made("_"), None),
    "asterisks": (made("*", "x"), None),
    "rules": (made("- ", "x"), "-" * (SIZE // 2 - 1) + "x"),
    "backticks": (made("`"), "'" * SIZE + "x"),
    "backslashes": (made("\\"), "\\" * (SIZE // 2) + "x"),
    "tags": (made("<a"), None),
    "quotes": (made(">\n"), "x"),
    "blank lines": (made("\n", "x", "# a"), "ax"),
}
TEXT: dict[str, tuple[str, str | None]] = {
    "spaces after a line": (made(" ", "b", "a\n"), "ab"),
    "lines of spaces": (made("\n ", "b", "a"), "ab"),
    "spaces": (made(" ", "x"), "x"),
    "zero-width spaces": (made("\u200b", "b", "a"), "ab"),
    "zero-width spaces in white space": (made(" \u200b", "b", "a\n"), "ab"),
    "zero-width spaces and letters": (made("\u200bé", "b", "a"), "a" + "é" * (SIZE // 2) + "b"),
    "combining marks": (made("\u0301", " b", "a"), "á" + "\u0301" * (SIZE - 1) + "b"),
    "hyphens at line ends": (made("-\n", "b", "a"), "a" + "-" * (SIZE // 2) + "b"),
    "hyphens before spaces": (made("- ", "B", "a"), None),
    "hyphen marks": (made("\x02", "b", "a"), "a" + "-" * SIZE + "b"),
    "hyphen marks and spaces": (made(" ", "B", "a\x02\n"), "a-B"),
    "full stops": (made(".", "x"), None),
    "full stops and spaces": (made(". ", "x"), None),
    "full stops and numbers": (made(".1", "x"), None),
    "quotation marks": (made('"', "x", "A. "), None),
    "initials": (made("A. ", "x"), None),
    "dotted words": (made("a.", " x"), None),
    "no white space": (made("x", ""), None),
    "chinese": (made("光", "。"), None),
}
PAGE: dict[str, tuple[str, str | None]] = TEXT | {
    "combining marks out of order": (
        made("\u0301\u0323", " b", "a"),
        "\u1ea1" + "\u0323" * (SIZE // 2 - 1) + "\u0301" * (SIZE // 2) + "b",
    ),
}


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, object]]:
    given, read = tmp_path_factory.mktemp("given"), tmp_path_factory.mktemp("read")
    for kind, cases in (("md", MARKDOWN), ("txt", TEXT), ("page", PAGE)):
        for name, (text, _) in cases.items():
            (given / f"{name}.{kind}").write_text(text, encoding="utf-8", newline="")
    (given / "page trees.pdf").write_bytes(b"%PDF-1.7\n" + b"/Type/Pages" * (SIZE // 11))
    try:
        command = [sys.executable, "-X", "utf8", "-c", CHILD, str(given), str(read)]
        subprocess.run(command, check=True, timeout=HANGS_AFTER_S)
    except subprocess.TimeoutExpired:
        left = sorted({path.name for path in given.iterdir()} - {path.name for path in read.iterdir()})
        pytest.fail(f"reading hung at: {left[0]}")
    return {path.name: json.loads(path.read_text(encoding="utf-8")) for path in read.iterdir()}


def is_the_same(said: object, expected: str) -> bool:
    # outside the assertion: a difference of two long strings takes pytest minutes to explain
    return said == expected


@pytest.mark.parametrize("kind, name", [("md", name) for name in MARKDOWN] + [("txt", name) for name in TEXT])
def test_a_hostile_text_is_read_to_its_end_and_nothing_is_lost(
    kind: str, name: str, answers: dict[str, dict[str, object]]
) -> None:
    text, said = (MARKDOWN if kind == "md" else TEXT)[name]
    answer = answers[f"{name}.{kind}"]
    assert is_the_same(answer["raw"], text)
    assert is_the_same(answer["said"], "".join(text.split()) if said is None else said)


@pytest.mark.parametrize("name", PAGE)
def test_a_page_of_hostile_text_is_split_whole(name: str, answers: dict[str, dict[str, object]]) -> None:
    text, said = PAGE[name]
    assert is_the_same(answers[f"{name}.page"]["said"], "".join(text.split()) if said is None else said)


def test_a_file_of_page_trees_with_pages_is_not_taken_for_an_empty_one(answers: dict[str, dict[str, object]]) -> None:
    assert answers["page trees.pdf"] == {"has_no_pages": False}
