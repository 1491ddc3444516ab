"""Runs the real worker with the embedder of the tests in place of MiniLM, so that long documents end in minutes."""

from __future__ import annotations

import sys
from functools import cache

from hellotutor.config.startup import start
from hellotutor.embeddings.base import Embedder
from hellotutor.embeddings.hashing import HashingEmbedder


def main() -> None:
    """Work like `hellotutor worker` does."""
    start()
    # both need Django set up
    from hellotutor.cli.main import run
    from hellotutor.config import composition

    composition.embedder = _embedder
    sys.exit(run(["worker"]))


@cache
def _embedder() -> Embedder:
    return HashingEmbedder()


if __name__ == "__main__":
    main()
