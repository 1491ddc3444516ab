"""Every failure of the catalogue, made to happen in the real program, arrives at the sink once and holds no secret.

The faults are real ones: rows that a trigger of the database refuses, files that vanished, folders in the way.
"""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import pytest
from tests.e2e.s3_faults import S3_FAULTS
from tests.e2e.service_faults import OTHER_FAULTS, SERVICE_FAULTS
from tests.monitoring.kent_sink import Kent, run_kent

from hellotutor.monitoring import CATALOGUE

from .conftest import Program, Ran

TITLE = "Diary of Anna Karlsson.md"
SECRET_SENTENCE = "Zanzibar is the island where Anna Karlsson hid the silver spoon."
SECRET_WORDS = (b"Karlsson", b"Zanzibar", b"silver spoon", b"my own answer", b"sekrit-hmac")
SAMPLE = resources.files("hellotutor.documents").joinpath("samples/how-memory-works.md")


@pytest.fixture(scope="module")
def server() -> Iterator[Kent]:
    yield from run_kent()


@dataclass(frozen=True)
class Stage:
    """A program that is monitored, with one document that nobody else may see."""

    program: Program
    kent: Kent

    @property
    def file(self) -> Path:
        return self.program.folder / TITLE

    def run(self, *arguments: str | Path, stdin: str = "", **settings: str) -> Ran:
        return self.program.run(*arguments, stdin=stdin, SENTRY_DSN=self.kent.dsn, **settings)

    def study(self, count: int = 1, **settings: str) -> Ran:
        answers = "my own answer\n" * count
        return self.run("study", self.file, "--count", str(count), "--json", stdin=answers, **settings)

    def ask(self, **settings: str) -> Ran:
        return self.run("ask", "Where did Anna Karlsson hide the silver spoon?", self.file, **settings)

    def python(self, code: str) -> Ran:
        started = "from hellotutor.config.startup import start, migrate\nstart(); migrate()\n"
        finished = "\nfinally:\n    from hellotutor.monitoring import flush; flush(5)\n"
        body = "try:\n    " + code.replace("\n", "\n    ") + finished
        ended = subprocess.run(
            [sys.executable, "-c", started + body],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env=self.program.environment(SENTRY_DSN=self.kent.dsn),
        )
        return Ran(ended.returncode, ended.stdout, ended.stderr)

    def sql(self, *statements: str) -> None:
        with sqlite3.connect(self.program.data_dir / "hellotutor.sqlite3") as database:
            for statement in statements:
                database.execute(statement)

    def refuse(self, event: str, table: str, when: str = "1") -> None:
        """Let the database refuse to write to a table."""
        self.sql(
            f"create trigger refuse before {event} on {table} when {when} "
            "begin select raise(abort, 'Anna Karlsson must not be told'); end"
        )

    def read_again(self) -> None:
        """Let the document be read once more."""
        self.sql("update documents_documentversion set status = 'queued'")

    def stored(self, pattern: str) -> Path:
        (found,) = (self.program.data_dir / "objects").glob(f"*/*/{pattern}")
        return found

    def block(self, path: Path) -> None:
        """Put a folder that can't be removed where a file belongs."""
        path.unlink()
        path.mkdir()
        (path / "in-the-way").touch()


@pytest.fixture
def stage(program: Program, server: Kent) -> Stage:
    stage = Stage(program, server)
    stage.file.write_text(f"{SAMPLE.read_text(encoding='utf-8')}\n\n## Secret\n\n{SECRET_SENTENCE}\n")
    server.flush()
    return stage


def lose_the_object(stage: Stage) -> Ran:
    program_ran = stage.program.run("study", stage.file)
    assert program_ran.code == 0
    next(path for path in (stage.program.data_dir / "objects").glob("*/*/*") if len(path.name) == 64).unlink()
    stage.read_again()
    return stage.run("ask", "What is osmosis?")


def refuse_pages(stage: Stage) -> Ran:
    stage.program.run("doctor")
    stage.refuse("insert", "documents_page")
    return stage.study()


def block_the_segment(stage: Stage) -> Ran:
    stage.program.run("study", stage.file)
    stage.block(stage.stored("lexical-*-00000000-*"))
    stage.read_again()
    return stage.study()


def break_the_model_while_embedding(stage: Stage) -> Ran:
    stage.program.data_dir.mkdir(exist_ok=True)
    (stage.program.data_dir / "models").touch()
    return stage.ask()


def block_the_vectors(stage: Stage) -> Ran:
    stage.program.run("ask", "What is osmosis?", stage.file)
    made = stage.stored("vectors-*")
    stage.block(made.rename(made.with_name(made.name.replace("-last", ""))))  # before its files are merged into one
    return stage.ask()


def block_the_removal(stage: Stage) -> Ran:
    stage.program.run("study", stage.file)
    stage.block(next(path for path in (stage.program.data_dir / "objects").glob("*/*/*") if len(path.name) == 64))
    return stage.python(
        "from hellotutor.config import composition\n"
        "from hellotutor.documents.models import Document\n"
        "from hellotutor.ingestion.services import delete_document\n"
        "delete_document(document=Document.objects.get(), parts=composition.ingestion_parts())"
    )


def break_the_model_before_a_search(stage: Stage) -> Ran:
    stage.program.run("ask", "What is osmosis?", stage.file)
    shutil.rmtree(stage.program.data_dir / "models")
    (stage.program.data_dir / "models").touch()
    return stage.ask()


def refuse_the_start_of_reading(stage: Stage) -> Ran:
    stage.program.run("doctor")
    stage.refuse("update", "documents_documentversion", "new.status = 'reading'")
    return stage.study()


def damage_passages_before_questions(stage: Stage) -> Ran:
    stage.program.run("study", stage.file, "--count", "1", stdin="x\n")
    stage.sql("update documents_passage set sentences = '[[1]]'")
    return stage.study()


def refuse_questions(stage: Stage) -> Ran:
    stage.program.run("doctor")
    stage.refuse("insert", "tutoring_question")
    return stage.study()


def damage_passages_before_a_reply(stage: Stage) -> Ran:
    stage.program.run("ask", "What is osmosis?", stage.file)
    stage.sql("update documents_passage set sentences = '[[1]]'")
    return stage.ask()


def refuse_grades(stage: Stage) -> Ran:
    stage.program.run("doctor")
    stage.refuse("update", "tutoring_answer")
    return stage.study()


def damage_answers(stage: Stage) -> Ran:
    stage.program.run("study", stage.file, "--count", "1", "--json", stdin="x\n")
    stage.sql("update tutoring_answer set verdict = 'partial', missing = '5'")
    return stage.run("insights")


def refuse_insights(stage: Stage) -> Ran:
    stage.program.run("doctor")
    stage.refuse("insert", "insights_sessioninsight")
    return stage.study()


def ask_for_the_insights_of_no_session(stage: Stage) -> Ran:
    return stage.python(
        "import uuid; from hellotutor.insights.insight_generator import generate_insights_for_session\n"
        "generate_insights_for_session(uuid.uuid4())"
    )


def lose_the_sessions(stage: Stage) -> Ran:
    stage.program.run("doctor")
    stage.sql("alter table tutoring_session rename to lost")
    return ask_for_the_insights_of_no_session(stage)


def empty_the_secret(stage: Stage) -> Ran:
    stage.program.run("doctor")
    (stage.program.data_dir / "secrets" / "hmac_secret").write_text("")
    return stage.study()


def tag_no_user(stage: Stage) -> Ran:
    return stage.python("from hellotutor.accounts.auth import get_tenant_tag; get_tenant_tag('Anna Karlsson')")


def break_the_model_while_grading(stage: Stage) -> Ran:
    stage.program.run("study", stage.file, EMBEDDER="none")
    (stage.program.data_dir / "models").touch()
    return stage.study(count=5)  # a choice is graded without the model; of five questions at least three are free text


def lose_the_users(stage: Stage) -> Ran:
    stage.program.run("doctor")
    stage.sql("alter table accounts_user rename to lost")
    return stage.study()


def damage_the_database(stage: Stage) -> Ran:
    stage.program.data_dir.mkdir(exist_ok=True)
    (stage.program.data_dir / "hellotutor.sqlite3").write_bytes(b"Karlsson" * 1000)
    return stage.study()


def set_a_bad_value(stage: Stage) -> Ran:
    return stage.study(MAX_FILE_MB="Karlsson", HMAC_SECRET="sekrit-hmac")


# What makes each failure happen, and the exit code that the learner gets.
FAULTS: dict[str, tuple[Callable[[Stage], Ran], int]] = {
    "rag_ingestion.ingest_document.download": (lose_the_object, 0),  # what was read before is searched
    "rag_ingestion.ingest_document.document_reading_chunking": (refuse_pages, 1),
    "rag_ingestion.ingest_document.initialization": (block_the_segment, 1),
    "rag_ingestion.ingest_document.embedding": (break_the_model_while_embedding, 0),
    "rag_ingestion.ingest_document.pinecone_upsert": (block_the_vectors, 0),
    "rag_ingestion.ingest_document.unexpected": (refuse_the_start_of_reading, 1),
    "rag_ingestion.remove_files": (block_the_removal, 0),
    "retrieval.search": (break_the_model_before_a_search, 0),
    "rag_query.generate_question_batch": (damage_passages_before_questions, 1),
    "rag_query.generate_question": (refuse_questions, 1),
    "rag_query.query_rag": (damage_passages_before_a_reply, 1),
    "tutoring.grade_answer": (refuse_grades, 0),
    "insight_generator.generate_session_insights": (damage_answers, 1),
    "insight_generator.generate_session_insights.record_creation": (refuse_insights, 1),
    "insight_generator.generate_insights_for_session.session_not_found": (ask_for_the_insights_of_no_session, 1),
    "insight_generator.generate_insights_for_session": (lose_the_sessions, 1),
    "auth.get_tenant_tag.configuration": (empty_the_secret, 1),
    "auth.get_tenant_tag": (tag_no_user, 1),
    "embedder.embed": (break_the_model_while_grading, 0),
    "cli.main.crash": (lose_the_users, 1),
    "cli.main.database": (damage_the_database, 1),
    "cli.main.startup": (set_a_bad_value, 1),
}


def test_every_row_of_the_catalogue_has_its_fault() -> None:
    assert FAULTS.keys() | SERVICE_FAULTS.keys() | S3_FAULTS.keys() | OTHER_FAULTS == CATALOGUE.keys()


@pytest.mark.parametrize("name", FAULTS)
def test_a_failure_arrives_once_with_its_context_and_without_a_secret(name: str, stage: Stage) -> None:
    make, code = FAULTS[name]
    ran = make(stage)
    events = stage.kent.events()
    assert [event["tags"]["failure"] for event in events] == [name], ran.err
    row, event = CATALOGUE[name], events[0]
    assert event["tags"]["component"] == row.component
    assert event["tags"][row.operation_kind] == row.operation
    assert event["tags"].get("stage") == row.stage
    assert event["level"] == row.level
    assert event["contexts"]["failure"].keys() <= row.fields | row.tags().keys()
    assert ran.code == code, ran.err
    assert make in BY_FUNCTION or "Traceback" not in ran.err
    sent = b"\n".join(stage.kent.raw_envelopes())
    assert not [word for word in SECRET_WORDS if word in sent]


# Called from Python, where the error itself is what the caller gets.
BY_FUNCTION = (ask_for_the_insights_of_no_session, lose_the_sessions, tag_no_user)


def test_a_model_that_vanished_is_one_event_however_many_parts_miss_it(stage: Stage) -> None:
    ran = break_the_model_before_a_search(stage)
    assert (ran.code, len(stage.kent.events())) == (0, 1), ran.err
    assert "by words only" in ran.err


def test_what_a_learner_does_wrong_is_counted_and_not_captured(stage: Stage) -> None:
    ran = stage.run("study", stage.program.folder / "missing.pdf")
    assert ran.code == 1
    assert stage.run("study", stage.file, "--section", "Karlsson").code == 1
    assert stage.run("study", stage.file, "--pages", "1-3").code == 1
    assert stage.kent.items() == []
    told = stage.run("doctor").out
    assert "document.no_such_file 1" in told
    assert "session.empty_scope 2" in told


def test_a_start_that_fails_is_told_without_what_was_set(stage: Stage) -> None:
    stage.run("doctor", ENV="Zanzibar Karlsson")
    (event,) = stage.kent.events()
    assert (event["tags"]["failure"], event["environment"]) == ("cli.main.startup", "unknown")
    assert b"Karlsson" not in b"\n".join(stage.kent.raw_envelopes())


def test_an_answer_whose_grade_could_not_be_kept_is_graded_later(stage: Stage) -> None:
    ran = refuse_grades(stage)
    assert [grade["verdict"] for grade in ran.of("grade")] == ["pending"]
    stage.sql("drop trigger refuse")
    stage.run("insights")
    with sqlite3.connect(stage.program.data_dir / "hellotutor.sqlite3") as database:
        verdicts = [row[0] for row in database.execute("select verdict from tutoring_answer")]
    assert "pending" not in verdicts
