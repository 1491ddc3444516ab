from __future__ import annotations

from pathlib import Path

import pytest

from hellotutor.embeddings.weights import find_packaged_weights


@pytest.fixture(scope="session")
def packaged_weights() -> Path:
    folder = find_packaged_weights()
    if folder is None:
        pytest.skip("the weights' package is not installed (dependency group `weights`)")
    return folder


@pytest.fixture(scope="session")
def models_dir(tmp_path_factory: pytest.TempPathFactory, packaged_weights: Path) -> Path:
    return tmp_path_factory.mktemp("models")
