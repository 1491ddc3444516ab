"""The service over Postgres: from an empty database to insights, several machines at once, a database that refuses."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from tests.e2e.running import Service, running_service, service_environment, wait_until
from tests.monitoring.kent_sink import Kent, run_kent
from tests.postgres_server import PostgresServer

ROOT = Path(__file__).parents[2]
PASSWORD = "p@ss/w#rd?of:Karlsson"
CODES = ("p@ss", "w#rd", "Karlsson", quote(PASSWORD, safe=""))
SAMPLE = resources.files("hellotutor.documents").joinpath("samples/how-memory-works.md")


@pytest.fixture(scope="module")
def kent() -> Iterator[Kent]:
    yield from run_kent()


@pytest.fixture(scope="module")
def service(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with its worker, started over an empty database whose owner needs a password."""
    role = postgres.make_locked_role(PASSWORD)
    url = postgres.make_database(owner=role, password=quote(PASSWORD, safe=""))
    with running_service(tmp_path_factory.mktemp("postgres") / "data", DATABASE_URL=url) as running:
        yield running


def run_doctor(data_dir: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    data_dir.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "hellotutor", "doctor"]
    environment = service_environment(data_dir, EMBEDDER="none", **settings)
    return subprocess.run(command, capture_output=True, encoding="utf-8", env=environment, timeout=120, check=False)


def test_a_text_is_read_studied_judged_and_asked(service: Service, tmp_path: Path) -> None:
    file = tmp_path / "memory.md"
    file.write_bytes(SAMPLE.read_bytes())
    token = service.token()

    def post(path: str, status: int, body: Any = None, file: Path | None = None) -> Any:
        answer = service.api("POST", f"/api/v1/{path}", token=token, json_body=body, file=file)
        assert answer.status == status, answer.body
        return answer.json

    document = post("documents/", 202, file=file)["id"]
    path = f"/api/v1/documents/{document}/"
    assert [event.name for event in service.events("GET", path, token=token)][-1] == "done"
    assert service.api("GET", path, token=token).json["status"] == "indexed"
    session = post("sessions/", 201, {"document_ids": [document], "count": 1})
    question = session["question"]
    given = {"choice": 0} if question["choices"] else {"text": "It stores new memories for a while."}
    graded = post(f"sessions/{session['id']}/answers/", 200, {"question_id": question["id"], **given})
    assert graded["evidence"]["quote"]
    post(f"sessions/{session['id']}/finish/", 200, {})
    insights = service.api("GET", f"/api/v1/sessions/{session['id']}/insights/", token=token)
    assert insights.json["metrics"]["answered"] == 1
    reply = post("chat/", 200, {"message": "What is retrieval practice?", "document_ids": [document]})
    assert reply["citations"]
    assert not list(service.data_dir.glob("*.sqlite3*"))


def test_the_doctor_names_the_engine(service: Service) -> None:
    ran = service.run("doctor")
    assert ran.returncode == 0, ran.stdout
    assert "PostgreSQL 1" in ran.stdout
    assert not [code for code in CODES if code in ran.stdout + ran.stderr]


def test_a_service_says_so_while_the_database_lets_nobody_in_and_goes_on_afterwards(
    service: Service,
    postgres: PostgresServer,
) -> None:
    token = service.token()
    name = service.environment["DATABASE_URL"].partition("@/")[2].partition("?")[0]
    postgres.sql(f"alter database {name} with allow_connections false")
    try:
        postgres.sql(f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'")  # noqa: S608
        assert service.api("GET", "/readyz").status == 503
        refused = service.api("GET", "/api/v1/documents/", token=token)
        assert refused.status in (500, 503)
        assert not [code for code in CODES if code in refused.body.decode()]
    finally:
        postgres.sql(f"alter database {name} with allow_connections true")
    wait_until(lambda: service.api("GET", "/readyz").status == 200)
    assert service.api("GET", "/api/v1/documents/", token=token).status == 200
    assert not [code for code in CODES if code in "".join(service.said)]


def test_two_at_once_harm_nothing_where_transactions_run_side_by_side(postgres: PostgresServer) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/ingestion/test_at_once.py"]
    environment = {**os.environ, "HELLOTUTOR_TEST_DATABASE_URL": postgres.url("postgres")}
    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, encoding="utf-8", check=False)
    assert ran.returncode == 0, ran.stdout
    assert "skipped" not in ran.stdout


@pytest.mark.slow
def test_machines_that_start_at_once_over_an_empty_database_make_its_schema_once(
    postgres: PostgresServer,
    tmp_path: Path,
) -> None:
    url = postgres.make_database()
    machines = [
        subprocess.Popen(
            [sys.executable, "-m", "hellotutor", "doctor"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            env=service_environment(tmp_path / f"machine-{number}", DATABASE_URL=url, EMBEDDER="none"),
        )
        for number in range(3)
    ]
    said = [machine.communicate(timeout=120)[0] for machine in machines]
    assert [machine.returncode for machine in machines] == [0, 0, 0], said
    assert not postgres.sql("select name from django_migrations group by app, name having count(*) > 1", url=url)
    assert sum("Prepared the database" in one for one in said) == 1


@pytest.mark.parametrize(
    "fault",
    [
        "wrong password",
        *(pytest.param(it, marks=pytest.mark.slow) for it in ("down", "no such database", "unknown option")),
    ],
)
def test_a_database_that_refuses_is_one_sentence_and_one_event_without_the_password(
    fault: str,
    postgres: PostgresServer,
    kent: Kent,
    tmp_path: Path,
) -> None:
    kent.flush()
    password = quote(PASSWORD, safe="")
    url = {
        "down": f"postgresql://tutor:{password}@127.0.0.1:9/tutor",
        "wrong password": postgres.url("postgres", user=postgres.make_locked_role("another"), password=password),
        "no such database": postgres.url("nothing", password=password),
        "unknown option": postgres.url("postgres", password=password) + "&nonsense=1",
    }[fault]
    ran = run_doctor(tmp_path / "data", DATABASE_URL=url, SENTRY_DSN=kent.dsn)
    assert ran.returncode == 1
    assert "The database can't be used: check that Postgres runs" in (ran.stdout + ran.stderr).replace("\n", " ")
    assert "Traceback" not in ran.stderr
    wait_until(kent.events)
    assert [event["tags"]["failure"] for event in kent.events()] == ["cli.main.database"]
    sent = b"\n".join(kent.raw_envelopes()).decode(errors="replace")
    assert not [code for code in CODES if code in sent + ran.stdout + ran.stderr]


def test_a_malformed_address_is_refused_without_its_password(kent: Kent, tmp_path: Path) -> None:
    kent.flush()
    ran = run_doctor(tmp_path / "data", DATABASE_URL=f"postgresql://tutor:{PASSWORD}@host/tutor", SENTRY_DSN=kent.dsn)
    assert ran.returncode == 1
    assert "DATABASE_URL is not usable" in ran.stderr
    assert "Traceback" not in ran.stderr
    sent = b"\n".join(kent.raw_envelopes()).decode(errors="replace")
    assert not [code for code in CODES if code in sent + ran.stdout + ran.stderr]
