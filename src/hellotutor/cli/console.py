"""Where output goes: results to standard output, everything else to standard error."""

from __future__ import annotations

import json
from typing import Any

import typer
from rich.console import Console

out = Console(highlight=False)
errors = Console(stderr=True, highlight=False)


def emit(event: dict[str, Any]) -> None:
    """Write one JSON object on a line of standard output."""
    typer.echo(json.dumps(event, ensure_ascii=False))


def complain(sentence: str) -> None:
    """Tell a person what is wrong, on one line however long it is."""
    errors.print(f"✗ {sentence}", style="red", markup=False, soft_wrap=True)


def note(message: str) -> None:
    """Tell a person something beside the result."""
    errors.print(message, style="dim", markup=False, soft_wrap=True)
