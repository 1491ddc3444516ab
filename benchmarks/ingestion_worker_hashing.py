"""Runs the real worker with the embedder of the tests in place of MiniLM, so that long documents end in minutes."""

from __future__ import annotations

import sys
from dataclasses import replace

from hellotutor.config.startup import start
from hellotutor.embeddings.hashing import HashingEmbedder


def main() -> None:
    """Work like `hellotutor worker` does."""
    start()
    # both need Django set up
    from hellotutor.cli.main import run
    from hellotutor.config import composition
    from hellotutor.config.vectors import Serving

    embedder, find_serving = HashingEmbedder(), composition.find_serving

    def serve_hashes(*, is_fresh: bool = False) -> Serving:
        return replace(find_serving(is_fresh=is_fresh), embedder=embedder)

    composition.find_serving = serve_hashes
    sys.exit(run(["worker"]))


if __name__ == "__main__":
    main()
