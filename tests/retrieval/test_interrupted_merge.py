"""A process that dies while it merges the files of a version's vectors leaves none of them behind for good."""

from __future__ import annotations

import numpy as np
import pytest
from django.core.files.storage import InMemoryStorage

from hellotutor.retrieval.base import IndexStamp
from hellotutor.retrieval.local.index import LocalVectorIndex

STAMP = IndexStamp("test/model", "1", 8)
WHERE = {"tenant": "alice", "version_id": "v1", "stamp": STAMP}


class Died(Exception):
    """The process ended here."""


class DyingStorage(InMemoryStorage):
    """A storage whose process dies before it deletes anything."""

    is_dying = True

    def delete(self, name: str) -> None:
        if self.is_dying:
            raise Died
        super().delete(name)


def test_files_that_were_merged_before_a_process_died_are_removed_the_next_time() -> None:
    storage = DyingStorage()
    for first in (0, 2, 4):
        index = LocalVectorIndex(storage)
        index.upsert(**WHERE, first_ordinal=first, vectors=np.eye(8, dtype=np.float32)[first : first + 2])
    with pytest.raises(Died):
        index.finish(**WHERE)
    assert len(storage.listdir("alice/v1")[1]) == 4
    storage.is_dying = False
    LocalVectorIndex(storage).finish(**WHERE)
    (name,) = storage.listdir("alice/v1")[1]
    assert name.endswith("-00000000-00000006-last.npy")
    assert LocalVectorIndex(storage).count(**WHERE) == 6
