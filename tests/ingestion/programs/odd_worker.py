"""Runs the real worker with other parts of the pipeline: the argument names what makes them."""

from __future__ import annotations

import sys

from hellotutor.config.startup import start


def main() -> None:
    """Work like `hellotutor worker` does."""
    start()
    # both need Django set up
    from django.conf import settings

    from hellotutor.cli.main import run

    settings.INGESTION_PARTS = sys.argv[1]
    sys.exit(run(["worker"]))


if __name__ == "__main__":
    main()
