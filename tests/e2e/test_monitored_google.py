"""A sign-in with Google that fails inside the service is reported once, without who it was."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.api.google_stand_in import CLIENT_ID, serve_certificates, sign
from tests.e2e.running import service_environment, wait_until
from tests.monitoring.kent_sink import Kent, run_kent

PROGRAM = Path(__file__).parent / "programs" / "google_sign_in.py"


@pytest.fixture(scope="module")
def kent() -> Iterator[Kent]:
    yield from run_kent()


def test_a_failed_sign_in_with_google_arrives_once_and_says_nothing_of_the_person(kent: Kent, tmp_path: Path) -> None:
    settings = {"SENTRY_DSN": kent.dsn, "GOOGLE_CLIENT_ID": CLIENT_ID, "NO_PROXY": "*"}
    credential = sign(email="anna.karlsson@example.org", name="Anna Karlsson")
    with serve_certificates() as google:
        ended = subprocess.run(
            [sys.executable, str(PROGRAM), f"http://127.0.0.1:{google.server_port}/certs", credential],
            env=service_environment(tmp_path / "data", **settings) | {"PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )
    assert ended.stdout == "500\n", ended.stderr
    wait_until(kent.events)
    assert [event["tags"]["failure"] for event in kent.events()] == ["auth.GoogleAuthView"]
    assert kent.events()[0]["tags"]["error_type"] == "IntegrityError"
    sent = b"\n".join(kent.raw_envelopes())
    assert not [word for word in (b"arlsson", credential.encode()) if word in sent]
