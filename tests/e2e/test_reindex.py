"""`hellotutor reindex` in a process of its own, beside a service that goes on searching by meaning all the while."""

from __future__ import annotations

import json
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.running import ANSWER_S, Service, free_port, running_service, service_environment, wait_until
from tests.e2e.told import the_event_of
from tests.monitoring.kent_sink import Kent, run_kent
from tests.postgres_server import PostgresServer
from tests.warm import DATABASE, prepare_data_dir, run_program

SAMPLE = resources.files("hellotutor.documents").joinpath("samples/how-memory-works.md")
SECTIONS = 400  # 10 s of MiniLM
BOOK = "".join(
    f"# Harbour {n}\n\nThe tide of harbour {n} rises when moon {n} is near, and its old pilot writes that down in the "
    "logbook of the lighthouse, with the wind, the weather and the names of the ships that came in.\n\n"
    for n in range(SECTIONS)
)


@pytest.fixture(scope="module")
def kent() -> Iterator[Kent]:
    yield from run_kent()


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A library whose vectors were made by hashing: a book of 400 passages and more."""
    folder, book = tmp_path / "data", tmp_path / "harbours.md"
    prepare_data_dir(folder)
    book.write_text(BOOK, encoding="utf-8")
    ran = run(folder, "ask", "Who writes in the logbook of harbour 7?", str(book), EMBEDDER="hashing")
    assert ran.returncode == 0, ran.stderr
    return folder


def run(data_dir: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return run_program(arguments, environment=service_environment(data_dir, **settings))


def start_reindex(data_dir: Path, *options: str, **settings: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "hellotutor", "reindex", "--json", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env=service_environment(data_dir, **settings),
    )


def wait_for_passages(process: subprocess.Popen[str]) -> int:
    """Wait until passages of the book are in the new vectors, but not all; return how many."""
    assert process.stdout
    for line in process.stdout:
        told = json.loads(line)
        if told["passages"]:
            assert told["passages"] < told["passages_total"]
            return int(told["passages"])
    raise AssertionError("it ended")


def end(process: subprocess.Popen[str]) -> tuple[int, list[dict[str, Any]], str]:
    out, err = process.communicate(timeout=ANSWER_S)
    return process.returncode, [json.loads(line) for line in out.splitlines()], err


def notice_of(service: Service, token: str, message: str = "Who writes in the logbook of harbour 7?") -> str:
    """Return why a reply was found by words only; empty where it was found by meaning too."""
    answer = service.api("POST", "/api/v1/chat/", token=token, json_body={"message": message})
    assert answer.status == 200, answer.body
    assert answer.json["citations"]
    return str(answer.json["notice"])


def upload(service: Service, token: str, path: Path) -> str:
    answer = service.api("POST", "/api/v1/documents/", token=token, file=path)
    assert answer.status == 202, answer.body
    return str(answer.json["id"])


def status_of(service: Service, token: str, document: str) -> str:
    return str(service.api("GET", f"/api/v1/documents/{document}/", token=token).json["status"])


def stamps_on_disk(data_dir: Path) -> set[str]:
    """Return the beginnings of the names of the files of vectors, which say what made them."""
    return {path.name.split("-")[1] for path in data_dir.glob("objects/*/*/vectors-*")}


def test_a_killed_reindex_goes_on_and_the_service_follows_the_switch_by_itself(data_dir: Path, tmp_path: Path) -> None:
    sample = tmp_path / "memory.md"
    sample.write_text(SAMPLE.read_text(encoding="utf-8"), encoding="utf-8")
    with running_service(data_dir) as service:
        token = service.token()
        assert notice_of(service, token) == ""
        killed = start_reindex(data_dir, "--embedder", "minilm")
        made = wait_for_passages(killed)
        killed.kill()
        killed.communicate(timeout=ANSWER_S)
        assert notice_of(service, token) == ""
        again = start_reindex(data_dir, "--embedder", "minilm")
        document = upload(service, token, sample)
        assert wait_for_passages(again) >= made  # from where the first one was
        assert notice_of(service, token) == ""
        code, events, err = end(again)
        assert code == 0, err
        assert "minilm" in events[-1]["in_force"]
        wait_until(lambda: status_of(service, token, document) == "indexed")
        assert stamps_on_disk(data_dir) == {"minilm"}
        assert notice_of(service, token) == ""  # of the new ones: no others are left
        assert notice_of(service, token, "What is retrieval practice?") == ""
        late = tmp_path / "late.md"
        late.write_text("# Bread\n\nYeast makes the dough of a loaf rise.\n", encoding="utf-8")
        document = upload(service, token, late)
        wait_until(lambda: status_of(service, token, document) == "indexed")
        assert stamps_on_disk(data_dir) == {"minilm"}
    assert run(data_dir, "check").returncode == 0


def test_the_second_of_two_says_that_the_first_runs(data_dir: Path) -> None:
    first = start_reindex(data_dir, "--embedder", "minilm")
    wait_for_passages(first)
    second = run(data_dir, "reindex", "--embedder", "minilm")
    first.kill()
    first.communicate(timeout=ANSWER_S)
    assert second.returncode == 1
    assert "Another hellotutor reindex runs" in second.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_after_the_batch_with_a_sentence(data_dir: Path, number: int) -> None:
    stopped = start_reindex(data_dir, "--embedder", "minilm")
    wait_for_passages(stopped)
    stopped.send_signal(number)
    code, events, err = end(stopped)
    assert code == 130
    assert err.count("Nothing is lost: the same command goes on from here.") == 1
    assert {event["event"] for event in events[:-1]} <= {"progress"}
    assert events[-1] == {"event": "stopped"}
    with sqlite3.connect(data_dir / DATABASE) as database:
        leased = database.execute("select count(*) from documents_documentversion where lease_until is not null")
        assert leased.fetchone() == (0,)
    database.close()
    assert stamps_on_disk(data_dir) == {"hashing", "minilm"}


def test_settings_that_make_other_vectors_mean_search_by_words_and_every_part_says_so(
    data_dir: Path, tmp_path: Path
) -> None:
    late = tmp_path / "late.md"
    late.write_text("# Bread\n\nYeast makes the dough of a loaf rise.\n", encoding="utf-8")
    with running_service(data_dir, EMBEDDER="minilm") as service:
        assert any("EMBEDDER=minilm makes others" in line and "hellotutor reindex" in line for line in service.said)
        token = service.token()
        assert notice_of(service, token) == "stamp_mismatch"
        document = upload(service, token, late)
        path = f"/api/v1/documents/{document}/"
        wait_until(lambda: status_of(service, token, document) == "embedding")
        state = service.api("GET", path, token=token).json
        assert (state["error"], state["progress"]["sentence"]) == (None, "You can study and ask.")
        assert notice_of(service, token, "What makes dough rise?") == "stamp_mismatch"
        doctor, asked = service.run("doctor"), service.run("ask", "What makes dough rise?")
        assert doctor.returncode == 1
        assert "✗ vectors" in doctor.stdout
        assert "hellotutor reindex" in doctor.stdout
        assert "Search is by words only until hellotutor reindex has run" in asked.stderr
        assert stamps_on_disk(data_dir) == {"hashing"}
        ran = service.run("reindex")
        assert ran.returncode == 0, ran.stderr
        assert status_of(service, token, document) == "indexed"
        assert notice_of(service, token, "What makes dough rise?") == ""
        assert service.run("doctor").returncode == 0


def test_auto_follows_what_is_in_force_and_there_is_nothing_to_do(data_dir: Path) -> None:
    ran = run(data_dir, "reindex", "--json")
    assert ran.returncode == 0
    (done,) = [json.loads(line) for line in ran.stdout.splitlines()]
    assert done["event"] == "done"
    assert done["in_force"].startswith("hashing/")


def test_without_an_embedder_it_says_so(data_dir: Path) -> None:
    ran = run(data_dir, "reindex", EMBEDDER="none")
    assert ran.returncode == 1
    assert "EMBEDDER=none makes no vectors" in ran.stderr
    told = json.loads(run(data_dir, "reindex", "--json", EMBEDDER="none").stdout)
    assert (told["event"], told["code"], told["retryable"]) == ("error", "no_embedder", False)
    assert told["message"] in ran.stderr
    ran = run(data_dir, "reindex", "--embedder", "gpt")
    assert ran.returncode == 1
    assert "There is no embedder “gpt”" in ran.stderr


def test_vectors_move_to_postgres_while_the_files_serve(
    data_dir: Path, tmp_path: Path, postgres: PostgresServer
) -> None:
    settings = {"VECTOR_INDEX": "pgvector", "PGVECTOR_URL": postgres.make_database()}
    with running_service(data_dir, **settings) as service:
        assert any("local serves until hellotutor reindex has run" in line for line in service.said)
        token = service.token()
        assert notice_of(service, token) == ""
        ran = service.run("reindex")
        assert ran.returncode == 0, ran.stderr
        assert "in pgvector" in ran.stdout
        assert stamps_on_disk(data_dir) == set()
        assert notice_of(service, token) == ""
        assert "pgvector answers" in service.run("doctor").stdout
    # whoever can't reach it searches by words, and says why
    asked = run(data_dir, "ask", "Who writes in the logbook of harbour 7?")
    assert asked.returncode == 0
    assert "set PGVECTOR_URL" in asked.stderr
    assert run(data_dir, "reindex").returncode == 1  # the old ones can't be removed
    left = run(data_dir, "reindex", "--leave-old")
    assert left.returncode == 0, left.stderr
    assert run(data_dir, "doctor").returncode == 0


def test_an_index_that_does_not_answer_is_captured_once_and_the_old_vectors_stay_in_force(
    data_dir: Path, kent: Kent, tmp_path: Path
) -> None:
    kent.flush()
    url = f"postgresql://nobody:secret@127.0.0.1:{free_port()}/nowhere"
    ran = run(data_dir, "reindex", VECTOR_INDEX="pgvector", PGVECTOR_URL=url, SENTRY_DSN=kent.dsn)
    assert ran.returncode == 1
    assert len([line for line in ran.stderr.splitlines() if line.startswith("✗")]) == 1
    event = the_event_of("rag_ingestion.ingest_document.initialization", kent)
    assert event["contexts"]["failure"]["index"] == "pgvector"
    assert "hashing/words-and-4-grams (1, 512 dimensions) in local" in run(data_dir, "doctor").stdout


def test_a_document_that_fails_is_named_and_captured_once_and_nothing_is_switched(tmp_path: Path, kent: Kent) -> None:
    folder, twin = tmp_path / "data", tmp_path / "twin"
    prepare_data_dir(folder)
    for name, text in {"tides.md": "The moon pulls the sea.", "bread.md": "Yeast makes dough rise."}.items():
        (tmp_path / name).write_text(f"# Notes\n\n{text}\n", encoding="utf-8")
    files = [str(tmp_path / name) for name in ("tides.md", "bread.md")]
    assert run(folder, "ask", "What makes dough rise?", *files, EMBEDDER="hashing").returncode == 0
    shutil.copytree(folder, twin)
    assert run(twin, "reindex", "--embedder", "minilm").returncode == 0
    written = next(twin.glob("objects/*/*/vectors-*"))
    blocked = folder / written.relative_to(twin).with_name(written.name.replace("-last", ""))
    blocked.mkdir()
    (blocked / "in-the-way").touch()
    kent.flush()
    ran = run(folder, "reindex", "--embedder", "minilm", "--json", SENTRY_DSN=kent.dsn)
    assert ran.returncode == 1
    failed, error = [json.loads(line) for line in ran.stdout.splitlines()][-2:]
    assert (failed["event"], error["event"], error["code"]) == ("failed", "error", "reindex_incomplete")
    assert "1 could not be embedded, so the old vectors stay in force" in ran.stderr
    told = the_event_of("rag_ingestion.ingest_document.pinecone_upsert", kent)["contexts"]["failure"]
    assert told["index"] == "local"
    assert told["document_id"] in failed["document"]
    assert failed["document"] in ran.stderr
    assert "hashing/" in run(folder, "doctor").stdout
    ran = run(folder, "reindex", "--embedder", "minilm", "--skip-failed")
    assert ran.returncode == 0, ran.stderr
    assert "minilm/" in ran.stdout
    shown = [json.loads(line) for line in run(folder, "documents", "--json").stdout.splitlines()]
    assert sorted(one["status"] for one in shown) == ["embedding", "indexed"]


def test_the_vectors_of_a_library_from_before_are_adopted_as_they_are(tmp_path: Path) -> None:
    folder, sample = tmp_path / "data", tmp_path / "memory.md"
    prepare_data_dir(folder)
    sample.write_text(SAMPLE.read_text(encoding="utf-8"), encoding="utf-8")
    assert run(folder, "ask", "What is chunking?", str(sample)).returncode == 0
    files = sorted((path, path.stat().st_mtime_ns) for path in folder.glob("objects/*/*/vectors-*"))
    with sqlite3.connect(folder / DATABASE) as database:  # as the release before left it
        database.execute("drop table retrieval_vectorset")
        database.execute("delete from django_migrations where app = 'retrieval'")
    database.close()
    told = run(folder, "doctor").stdout
    assert "✓ vectors" in told
    assert "minilm/all-MiniLM-L6-v2 (int8-1, 384 dimensions) in local" in told
    assert sorted((path, path.stat().st_mtime_ns) for path in folder.glob("objects/*/*/vectors-*")) == files
    asked = run(folder, "ask", "What is chunking?", EMBEDDER="hashing")
    assert "EMBEDDER=hashing makes others" in asked.stderr
