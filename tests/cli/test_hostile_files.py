"""Files that nobody can study: one clear sentence each, a failing exit code, nothing half done."""

from __future__ import annotations

import json
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import pypdfium2
import pytest
from fpdf import FPDF

from .conftest import Program, is_one_sentence


def _scan(path: Path) -> None:
    pdf = FPDF()
    pdf.add_page()
    pdf.rect(10, 10, 50, 50)
    pdf.output(str(path))


def _locked(path: Path) -> None:
    pdf = FPDF()
    pdf.set_encryption(owner_password="owner", user_password="user")
    pdf.add_page()
    pdf.output(str(path))


def _sparse_200_mb(path: Path) -> None:
    with path.open("wb") as file:
        file.write(b"A first line of text. ")
        file.seek(200_000_000)
        file.write(b".")


CASES: dict[str, tuple[Callable[[Path], object] | None, str]] = {
    "missing.pdf": (None, "There is no such file"),
    "folder": (lambda path: path.mkdir(), "It is a folder"),
    "empty.txt": (lambda path: path.touch(), "It is empty"),
    "scan.pdf": (_scan, "no text in it"),
    "locked.pdf": (_locked, "needs a password"),
    "pageless.pdf": (lambda path: pypdfium2.PdfDocument.new().save(path), "has no page"),
    "damaged.pdf": (lambda path: path.write_bytes(b"%PDF-1.5\n%%EOF"), "is damaged"),
    "office.docx": (lambda path: path.write_bytes(b"PK\x03\x04" + bytes(500)), "office document"),
    "image.pdf": (lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(500)), "It is an image"),
    "huge.txt": (_sparse_200_mb, "the limit is 100 MB"),
    "one-word.txt": (lambda path: path.write_text("Hm."), "no fair question"),
    "chinese.txt": (lambda path: path.write_text("光合作用是植物利用光能的过程。" * 40), "no fair question"),
    "dots.txt": (lambda path: path.write_text(". . .\n"), "holds no text"),
}


@pytest.mark.parametrize("name", CASES)
def test_a_file_that_cannot_be_studied_is_one_sentence_that_names_it(name: str, program: Program) -> None:
    make, said = CASES[name]
    path = program.folder / name
    if make:
        make(path)
    ran = program.run("study", path)
    assert is_one_sentence(ran), ran
    told = " ".join(ran.err.split())
    assert said in told
    assert f"{name}: " in told


def test_a_name_that_no_file_can_have_is_one_sentence(program: Program) -> None:
    ran = program.run("study", "x" * 5000)
    assert is_one_sentence(ran), ran
    assert "no such file" in ran.err


def test_slides_without_full_stops_are_cited_by_their_own_page(program: Program) -> None:
    pdf = FPDF()
    pdf.set_font("Helvetica", size=12)
    for text in (
        "Light reactions capture the energy of the sun",
        "Water is split in photosystem II",
        "The enzyme rubisco catalyses the first step of the Calvin cycle",
        "Sugar leaves the leaf through the phloem",
    ):
        pdf.add_page()
        pdf.multi_cell(0, 8, text)
    pdf.output(str(program.folder / "slides.pdf"))
    ran = program.run(
        "ask", "What catalyses the first step of the Calvin cycle?", program.folder / "slides.pdf", "--json"
    )
    cited = {citation["page"] for citation in json.loads(ran.out)["citations"] if "rubisco" in citation["quote"]}
    assert cited <= {2, 3}
    assert cited


def test_a_document_that_turns_out_too_long_leaves_no_open_session(program: Program) -> None:
    sample = resources.files("hellotutor.documents").joinpath("samples/how-memory-works.md").read_text(encoding="utf-8")
    filler = " ".join(f"The tide of bay {n} rises when moon {n} is near." for n in range(20_000))
    (program.folder / "long.txt").write_text(f"{sample}\n\n{filler}", encoding="utf-8")
    ran = program.run("study", program.folder / "long.txt", "--json", stdin="a\nb\n", MAX_CHARACTERS="300000")
    assert ran.code == 1
    assert "300,000 characters" in " ".join(ran.err.split())
    with sqlite3.connect(program.data_dir / "hellotutor.sqlite3") as database:
        assert database.execute("select count(*) from documents_document").fetchone() == (0,)
        assert database.execute("select count(*) from tutoring_session where state = 'active'").fetchone() == (0,)


def test_several_programs_on_one_unreadable_file_say_one_sentence_each(program: Program) -> None:
    pdf = FPDF()
    for _ in range(200):
        pdf.add_page()
    pdf.output(str(program.folder / "scan.pdf"))
    program.run("doctor")
    started = [program.start("study", program.folder / "scan.pdf") for _ in range(3)]
    for process in started:
        _, err = process.communicate(timeout=60)
        assert process.returncode == 1
        assert "inside HelloTutor" not in err
        assert err.count("✗") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no SIGINT to one process")
def test_ctrl_c_while_monitoring_is_being_imported_is_one_sentence() -> None:
    code = (
        "import os, signal, sys, types; sys.modules['hellotutor.monitoring'] = types.ModuleType('half');"
        "from hellotutor.cli import entry; signal.signal(signal.SIGINT, entry._end);"
        "os.kill(os.getpid(), signal.SIGINT)"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert ended.returncode == 130
    assert b"Interrupted" in ended.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no SIGINT to one process")
def test_ctrl_c_does_not_wait_for_the_step_that_the_main_thread_is_at() -> None:
    code = (  # the call into C waits for a lock without looking for signals, as a model does while it works
        "import ctypes, os, signal, threading; from hellotutor.cli import entry;"
        "signal.signal(signal.SIGINT, entry._end); entry._listen();"
        "threading.Timer(1, os.kill, (os.getpid(), signal.SIGINT)).start();"
        "system = ctypes.CDLL(None); mutex = ctypes.create_string_buffer(64);"
        "system.pthread_mutex_lock(mutex); system.pthread_mutex_lock(mutex)"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, timeout=60)
    assert ended.returncode == 130, ended.stderr
    assert ended.stderr.count(b"Interrupted") == 1


def test_a_refused_file_leaves_nothing_behind(program: Program) -> None:
    _locked(program.folder / "locked.pdf")
    (program.folder / "good.txt").write_text("Osmosis is the movement of water through a membrane.")
    program.run("study", program.folder / "good.txt", program.folder / "missing.txt")
    program.run("study", program.folder / "locked.pdf")
    with sqlite3.connect(program.data_dir / "hellotutor.sqlite3") as database:
        for table in ("documents_document", "documents_page", "tutoring_session"):
            assert database.execute(f"select count(*) from {table}").fetchone() == (0,)  # noqa: S608
        counted = dict(database.execute("select name, count from monitoring_counter"))
    assert counted == {"document.no_such_file": 1, "document.needs_password": 1}
    assert not [path for path in (program.data_dir / "objects").rglob("*") if path.is_file()]


def test_a_file_is_read_for_what_it_is_whatever_its_name(program: Program) -> None:
    pdf = FPDF()
    pdf.set_font("Helvetica", size=12)
    pdf.add_page()
    pdf.multi_cell(0, 8, "Osmosis is the movement of water through a membrane from a dilute solution to a strong one.")
    pdf.output(str(program.folder / "notes.txt"))
    ran = program.run("study", program.folder / "notes.txt", "--json", stdin="water\n")
    assert ran.code == 0, ran.err
    assert ran.of("grade")[0]["evidence"]["page"] == 1


def test_a_text_of_one_sentence_gives_one_question_and_says_that_there_is_no_more(program: Program) -> None:
    (program.folder / "one.txt").write_text(
        "Photosynthesis is the process by which plants turn light into chemical energy."
    )
    ran = program.run("study", program.folder / "one.txt", "--json", stdin="a process in plants\n")
    assert ran.code == 0
    assert len(ran.of("question")) == 1
    assert "Only 1 fair question could be found" in ran.err


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no SIGINT to one process")
def test_ctrl_c_at_any_moment_is_one_sentence_and_loses_nothing(program: Program) -> None:
    moments = random.Random(7)
    sample = resources.files("hellotutor.documents").joinpath("samples/how-memory-works.md").read_text(encoding="utf-8")
    filler = " ".join(f"The tide of bay {n} rises when moon {n} is near." for n in range(6000))
    (program.folder / "tides.txt").write_text(f"{sample}\n\n{filler}")
    for _ in range(6):
        process = program.start("study", program.folder / "tides.txt", "--json")
        time.sleep(moments.uniform(0.15, 2.5))
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
        assert process.returncode == 130, err
        assert "Interrupted" in err
        assert "Traceback" not in err
    ran = program.run("study", program.folder / "tides.txt", "--count", "1", "--json", stdin="the moon\n")
    assert ran.code == 0, ran.err
    assert len(ran.of("grade")) == 1
    with sqlite3.connect(program.data_dir / "hellotutor.sqlite3") as database:
        assert database.execute("select count(*), count(distinct ordinal) from documents_page").fetchone()[0] > 0
        ordinals = [row[0] for row in database.execute("select ordinal from documents_passage order by ordinal")]
    assert ordinals == list(range(len(ordinals)))
