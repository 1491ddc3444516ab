"""The service as people run it: `service` for all tests together, `run_service` for a test that needs its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.e2e.browser import chromium, open_visit, seeded  # noqa: F401 - fixtures
from tests.e2e.running import Service, running_service


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One service for every test that doesn't disturb it; it has to end with code 0."""
    with running_service(tmp_path_factory.mktemp("service") / "data") as running:
        yield running


@pytest.fixture
def run_service(tmp_path: Path) -> Iterator[Callable[..., Service]]:
    """Start a service of the test's own: `run_service("--no-worker", SENTRY_DSN=…)`; it has to end with code 0."""
    with ExitStack() as services:
        number = 0

        def run(*options: str, **settings: str) -> Service:
            nonlocal number
            number += 1
            return services.enter_context(
                running_service(tmp_path / f"service-{number}" / "data", *options, **settings)
            )

        yield run
