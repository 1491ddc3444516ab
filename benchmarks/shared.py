"""Where the benchmarks find the shared documents and keep the on-machine model."""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path


def shared_file(*parts: str) -> Path | None:
    """Return a path in the folder that HELLOTUTOR_SHARED_DATA names, or None where it names none."""
    folder = os.environ.get("HELLOTUTOR_SHARED_DATA")
    return Path(folder, *parts) if folder else None


def add_path(parser: argparse.ArgumentParser, option: str, *parts: str, help_text: str) -> None:
    """Add an option for a shared path, required where HELLOTUTOR_SHARED_DATA doesn't give it."""
    default = shared_file(*parts)
    parser.add_argument(option, type=Path, default=default, required=default is None, help=help_text)


def add_models(parser: argparse.ArgumentParser) -> None:
    """Add the option for the folder of the on-machine model."""
    parser.add_argument("--models", type=Path, default=Path(tempfile.gettempdir()) / "hellotutor-models")
