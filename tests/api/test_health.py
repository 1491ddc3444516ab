"""/readyz: which part doesn't work, and whether a worker lives."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
from django.core.files.storage import InMemoryStorage
from django.test import Client

from hellotutor.config import health, vectors
from hellotutor.ingestion.workers import register_worker
from hellotutor.retrieval.absent import AbsentIndex

pytestmark = pytest.mark.django_db


class UnlistableStorage(InMemoryStorage):
    """Keeps files, and can't say which."""

    def listdir(self, path: str) -> NoReturn:
        raise PermissionError(path)


@pytest.fixture
def data_dir(settings: Any, tmp_path: Path) -> Iterator[Path]:
    settings.DATA_DIR = tmp_path
    yield tmp_path


def ask() -> tuple[int, dict[str, Any]]:
    answered = Client(HTTP_HOST="localhost").get("/readyz")
    return answered.status_code, answered.json()


def test_a_service_that_can_work_is_ready(data_dir: Path) -> None:
    status, body = ask()
    assert (status, body["status"]) == (200, "ready")
    assert body["parts"] == {"database": True, "storage": True, "index": True, "queue": True}
    assert body["vectors"] is True


def test_an_index_that_cant_be_listed_is_told(data_dir: Path, settings: Any) -> None:
    settings.STORAGES = {**settings.STORAGES, "default": {"BACKEND": f"{__name__}.UnlistableStorage"}}
    status, body = ask()
    assert (status, body["status"]) == (503, "not ready")
    assert body["parts"] == {"database": True, "storage": True, "index": False, "queue": True}


class SilentIndex(AbsentIndex):
    """An index of another machine that doesn't answer, and counts how often it was looked at."""

    looks = 0

    def probe(self) -> None:
        self.looks += 1
        super().probe()


def test_without_its_vectors_the_service_is_ready_and_says_so(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index = SilentIndex("pinecone/notes", "set PINECONE_API_KEY")
    monkeypatch.setattr(health, "STALE_S", 3_600.0)
    monkeypatch.setattr(vectors, "open_index", lambda place: index)
    vectors.find_serving(is_fresh=True)
    for _ in range(3):
        status, body = ask()
        assert (status, body["parts"]["index"], body["vectors"]) == (200, True, False)
    assert index.looks == 1  # it would keep everybody waiting who asks whether the service is ready
    monkeypatch.setattr(health, "STALE_S", -1.0)
    ask()
    assert index.looks == 2


def test_whether_a_worker_lives_is_told_and_needed_by_nobody(data_dir: Path) -> None:
    assert (ask()[0], ask()[1]["worker"]) == (200, False)
    with register_worker() as (_, path):
        assert ask()[1]["worker"] is True
    path.touch()  # left by a worker that died
    assert (ask()[0], ask()[1]["worker"]) == (200, False)
