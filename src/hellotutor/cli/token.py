"""`hellotutor token`: a key to the API, for programs."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from hellotutor.accounts.tokens import create_token
from hellotutor.core import clock

from .console import note
from .link import find_user


def token(
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="Whose documents it opens.")],
    name: Annotated[str, typer.Option(help="What to call it.")] = "command line",
    read_only: Annotated[bool, typer.Option("--read-only", help="It may only read.")] = False,
    days: Annotated[int | None, typer.Option(min=1, max=3650, help="It ends after so many days.")] = None,
) -> None:
    """Print a new API token, this once; the account page lists the tokens and ends them."""
    expires_at = clock.now() + timedelta(days=days) if days else None
    _, text = create_token(owner=find_user(email), name=name, is_read_only=read_only, expires_at=expires_at)
    note("▸ Keep it: it can't be shown again. Send it as “Authorization: Bearer …”.")
    typer.echo(text)
