from __future__ import annotations

import json
from typing import Any

import pytest
from tests.monitoring.kent_sink import DSN_KEY, Kent, run_program

from hellotutor import __version__
from hellotutor.monitoring import MonitoringConfig, capture, catalogue, start_monitoring


def _start(**environment: str) -> tuple[dict[str, Any], str]:
    ended = run_program("start_only", **environment)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout), ended.stderr


@pytest.mark.parametrize("dsn", ["", "   "])
def test_without_a_dsn_the_sdk_is_not_even_imported(dsn: str) -> None:
    told, errors = _start(DSN=dsn, SENTRY_SPOTLIGHT="1", SENTRY_DSN="http://k@127.0.0.1:9/1")
    assert told["line"] == "Monitoring: off (no SENTRY_DSN)."
    assert not told["sdk_is_loaded"]
    assert told["event_id"] is None
    assert errors == ""


def test_importing_the_package_loads_no_model() -> None:
    told, _ = _start()
    assert not told["models_are_loaded"]


@pytest.mark.parametrize(
    "dsn",
    [
        "not a dsn",
        "https://127.0.0.1/1",
        f"https://{DSN_KEY}@127.0.0.1/none",
        f"ftp://{DSN_KEY}@127.0.0.1/1",
        f"https://{DSN_KEY}@127.0.0.1:port/1",
        f"https://{DSN_KEY}@[127.0.0.1/1",
    ],
)
def test_a_malformed_dsn_is_one_warning_and_the_program_runs_on(dsn: str) -> None:
    told, errors = _start(DSN=dsn)
    assert told["line"] == "Monitoring: off (SENTRY_DSN is malformed)."
    assert told["event_id"] is None
    assert not told["is_active"]
    assert len(errors.splitlines()) == 1
    assert "SENTRY_DSN is malformed" in errors
    assert DSN_KEY not in errors


def test_the_line_at_the_start_names_the_host_and_never_the_key(kent: Kent) -> None:
    told, errors = _start(DSN=kent.dsn)
    host = kent.dsn.split("@")[1].removesuffix("/1")
    assert told["line"] == f"Monitoring: on, environment development, host {host}, traces 0.1."
    assert DSN_KEY not in told["line"] + told["repr"]
    assert told["event_id"] == kent.events()[0]["event_id"]
    assert errors == ""


def test_spotlight_in_the_environment_changes_nothing(kent: Kent) -> None:
    _start(DSN=kent.dsn, SENTRY_SPOTLIGHT=kent.dsn.replace(f"{DSN_KEY}@", "").removesuffix("/1") + "/api/2/envelope/")
    assert len(kent.raw_envelopes()) == 1


def test_the_event_names_the_version_and_not_the_machine(kent: Kent) -> None:
    _start(DSN=kent.dsn)
    (event,) = kent.events()
    assert event["release"] == f"hellotutor@{__version__}"
    assert event["environment"] == "development"
    assert "server_name" not in event
    assert set(event["sdk"]["integrations"]) == {"atexit", "dedupe", "django", "excepthook", "logging", "threading"}


def test_secrets_do_not_stand_in_the_configurations_repr() -> None:
    shown = repr(MonitoringConfig(dsn="https://abc@host/1", hash_key="hush"))
    assert "abc" not in shown
    assert "hush" not in shown


@pytest.mark.parametrize("rate", [-0.1, 1.5, float("nan")])
def test_it_refuses_a_rate_that_is_no_share(rate: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        MonitoringConfig(traces_sample_rate=rate)


def test_an_unknown_field_is_refused_even_when_monitoring_is_off() -> None:
    start_monitoring(MonitoringConfig())
    with pytest.raises(TypeError, match=r"rag_query\.query_rag has no field password"):
        capture(catalogue.QUERY, ValueError(), password="x")
