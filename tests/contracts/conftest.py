"""Every VectorIndex, for the tests of what all of them keep."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest
from django.core.files.storage import FileSystemStorage, InMemoryStorage
from tests.contracts.vectors import STAMP

from hellotutor.retrieval.base import VectorIndex
from hellotutor.retrieval.local.index import LocalVectorIndex

LOCAL = ("local in memory", "local on disk", "local on a disk that overwrites", "local in S3")
PGVECTOR = {"pgvector": {}, "pgvector by its index": {"index_weight": 0}}


@pytest.fixture(params=[*LOCAL, *PGVECTOR, "pinecone"])
def index(request: pytest.FixtureRequest, tmp_path: Path) -> VectorIndex:
    if request.param in PGVECTOR:
        return cast(VectorIndex, request.getfixturevalue("make_pgvector")(**PGVECTOR[request.param]))
    if request.param == "pinecone":  # on a server that shows at once what was written; see test_pinecone_late
        pinecone = request.getfixturevalue("make_pinecone")()
        pinecone.prepare(STAMP)
        return cast(VectorIndex, pinecone)
    if request.param == "local in memory":
        return LocalVectorIndex(InMemoryStorage())
    if request.param == "local in S3":
        return LocalVectorIndex(request.getfixturevalue("s3_storage"))
    return LocalVectorIndex(FileSystemStorage(tmp_path, allow_overwrite="overwrites" in request.param))
