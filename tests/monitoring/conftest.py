"""The sink that the monitoring tests send to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.monitoring.kent_sink import Kent, run_kent


@pytest.fixture(scope="session")
def _kent_server() -> Iterator[Kent]:
    yield from run_kent()


@pytest.fixture
def kent(_kent_server: Kent) -> Kent:
    _kent_server.flush()
    return _kent_server
