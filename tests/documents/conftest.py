"""A storage on a real S3 server, and a wire to it that can be cut."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.s3_server import S3Server, Wire

MakeStorage = Callable[..., Any]


@pytest.fixture
def make_storage(make_s3_storage: MakeStorage) -> MakeStorage:
    return make_s3_storage


@pytest.fixture
def storage(s3_storage: Any) -> Any:
    return s3_storage


@pytest.fixture
def wire(s3_server: S3Server) -> Iterator[Wire]:
    wire = Wire(s3_server.url)
    yield wire
    wire.close()
