"""`hellotutor eval retrieval`, over a small set of its own."""

from __future__ import annotations

import csv
import json
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import Program, is_one_sentence

SEA = """# The sea

The tide rises twice a day because the moon pulls the water. Fishermen know its hours by heart.

# The desert

Camels store fat in their humps and not water. Nights in the desert are cold since dry air keeps no warmth.
"""
HEART = "The heart has four chambers.\r\nValves keep the blood from flowing back. A nurse counts the pulse.\r\n"
ASKED = (
    ("Why does the tide rise?", "sea", SEA, "The tide rises twice a day because the moon pulls the water."),
    ("What do camels store in their humps?", "sea", SEA, "Camels store fat in their humps and not water."),
    ("What keeps blood from flowing back?", "heart", HEART, "Valves keep the blood from flowing back."),
)
SHARES = {"recall", "precision", "iou", "hit_at_1", "hit_at_5"}


@pytest.fixture
def folder(program: Program) -> Path:
    (program.folder / "corpora").mkdir()
    (program.folder / "corpora" / "sea.md").write_bytes(SEA.encode())
    (program.folder / "corpora" / "heart.md").write_bytes(HEART.encode())
    with (program.folder / "questions.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["question", "references", "corpus_id"])
        for question, corpus, text, answer in ASKED:
            start = text.index(answer)
            reference = {"content": answer, "start_index": start, "end_index": start + len(answer)}
            rows.writerow([question, json.dumps([reference]), corpus])
    return program.folder


def arguments(*more: str) -> list[str]:
    return ["eval", "retrieval", "--corpora", "corpora", "--questions", "questions.csv", *more]


def test_it_reports_one_object(program: Program, folder: Path) -> None:
    ran = program.run(*arguments("--budget", "90", "--json"), EMBEDDER="hashing", TMPDIR=str(folder))
    assert ran.code == 0, ran.err
    (told,) = ran.events
    assert set(told) == {"n", "query_ms", "by_corpus", *SHARES}
    assert told["n"] == 3
    assert set(told["by_corpus"]) == {"sea", "heart"}
    for one in (told, *told["by_corpus"].values()):
        assert all(0 <= one[share] <= 1 for share in SHARES)
        assert 0 < one["query_ms"]["p50"] <= one["query_ms"]["p99"]
    assert told["recall"] == told["hit_at_1"] == 1.0
    assert told["precision"] > 0.5


def test_a_person_gets_a_table(program: Program, folder: Path) -> None:
    ran = program.run(*arguments(), EMBEDDER="hashing", COLUMNS="120")
    assert ran.code == 0, ran.err
    header, *rows = ran.out.splitlines()
    assert header.split() == [
        "Corpus",
        "Questions",
        "Recall",
        "Precision",
        "IoU",
        "Hit@1",
        "Hit@5",
        "p50",
        "ms",
        "p99",
        "ms",
    ]
    assert [row.split()[:3] for row in rows] == [["heart", "1", "1.000"], ["sea", "2", "1.000"], ["all", "3", "1.000"]]
    assert "Within 4,000 characters" in ran.err


def test_the_learners_own_library_and_settings_stay_as_they_are(program: Program, folder: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in program.data_dir.rglob("*") if path.is_file()}
    ran = program.run(
        *arguments("--json"),
        EMBEDDER="hashing",
        TMPDIR=str(folder),
        DATABASE_URL=f"sqlite:///{program.data_dir}/hellotutor.sqlite3",
    )
    assert ran.code == 0, ran.err
    after = {path: path.stat().st_mtime_ns for path in program.data_dir.rglob("*") if path.is_file()}
    changed = {path.relative_to(program.data_dir) for path in after if before.get(path) != after[path]}
    assert {path.parts[0] for path in changed} <= {"secrets", "locks"}  # as any first command makes them
    assert not list(folder.glob("hellotutor-eval-*"))


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda folder: (folder / "corpora" / "sea.md").unlink(), "there is no corpus corpora/sea.md"),
        (lambda folder: (folder / "questions.csv").unlink(), "There is no file questions.csv"),
        (lambda folder: (folder / "questions.csv").write_text("question,references,corpus_id\n"), "holds no question"),
        (
            lambda folder: (folder / "questions.csv").write_text("question,references,corpus_id\nWhat?,no,sea\n"),
            "line 2: the references are no JSON",
        ),
    ],
)
def test_what_cannot_be_measured_is_one_sentence(
    program: Program, folder: Path, spoil: Callable[[Path], object], sentence: str
) -> None:
    spoil(folder)
    ran = program.run(*arguments("--json"), EMBEDDER="hashing")
    assert is_one_sentence(ran)
    assert sentence in ran.err


def test_a_corpus_that_cannot_be_ingested_is_named(program: Program, folder: Path) -> None:
    html = f"<!doctype html><html><body>{SEA}</body></html>"
    (folder / "corpora" / "page.md").write_text(html)
    reference = {"content": html[:9], "start_index": 0, "end_index": 9}
    with (folder / "questions.csv").open("a", encoding="utf-8", newline="") as file:
        csv.writer(file).writerow(["What is this?", json.dumps([reference]), "page"])
    ran = program.run(*arguments("--json"), EMBEDDER="hashing", TMPDIR=str(folder))
    assert is_one_sentence(ran)
    assert "page.md: It is a web page" in ran.err
    assert not list(folder.glob("hellotutor-eval-*"))


def test_without_an_embedder_there_is_nothing_to_measure(program: Program, folder: Path) -> None:
    ran = program.run(*arguments("--json"), EMBEDDER="none")
    assert is_one_sentence(ran)
    assert "no embedding model" in ran.err


def test_a_budget_of_nothing_is_wrong_usage(program: Program, folder: Path) -> None:
    assert program.run(*arguments("--budget", "0")).code == 2


def test_its_inner_part_refuses_to_work_in_the_learners_library(program: Program, folder: Path) -> None:
    ran = program.run("eval", "measure-retrieval", *arguments()[2:], EMBEDDER="hashing")
    assert ran.code == 2
    assert "hellotutor eval retrieval" in ran.err


def test_interrupted_it_leaves_nothing_behind(program: Program, folder: Path) -> None:
    (folder / "corpora" / "sea.md").write_bytes(SEA.encode() + b"Another wave rolls in. " * 60_000)
    started = program.start(*arguments("--json"), EMBEDDER="hashing", TMPDIR=str(folder))
    while started.poll() is None and not list(folder.glob("hellotutor-eval-*/data/*.sqlite3")):
        time.sleep(0.05)
    started.send_signal(signal.SIGINT)
    assert started.wait(timeout=60) == 130
    deadline = time.monotonic() + 60
    while list(folder.glob("hellotutor-eval-*")) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not list(folder.glob("hellotutor-eval-*"))
    started.communicate()
