"""`hellotutor check`: whether everything kept is whole, and nothing is kept that belongs to nobody."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Annotated

import typer

from hellotutor.config import composition
from hellotutor.config.startup import migrate
from hellotutor.core.errors import HelloTutorError
from hellotutor.ingestion.findings import Finding, Tally
from hellotutor.ingestion.inventory import check_versions
from hellotutor.ingestion.orphans import check_orphans, check_removals, is_reachable

from .console import out


def check(
    repair: Annotated[bool, typer.Option("--repair", help="Mend what can be mended safely.")] = False,
    with_bytes: Annotated[bool, typer.Option("--bytes", help="Read every stored file and compare its sha256.")] = False,
    names: Annotated[bool, typer.Option("--names", help="Show the names of files beside the ids.")] = False,
    grace_minutes: Annotated[int, typer.Option(min=0, help="Leave files alone that are younger.")] = 60,
) -> None:
    """Compare database, stored files, segments and vectors; the service may run meanwhile."""
    migrate()
    tally, found, mended = Tally(), 0, 0
    for finding in _find(tally, with_bytes=with_bytes, grace=timedelta(minutes=grace_minutes)):
        found += 1
        done, is_mended = _mend(finding) if repair else ("", False)
        mended += is_mended
        name = f" ({finding.filename})" if names and finding.filename else ""
        sign = "✓" if is_mended else "✗"
        _print(f"{sign} {finding.code:19} {finding.subject}{name}: {finding.advice}{done}")
    _print(_sum_up(tally, found, mended))
    if found > mended:
        raise typer.Exit(1)


def _find(tally: Tally, *, with_bytes: bool, grace: timedelta) -> Iterator[Finding]:
    parts = composition.ingestion_parts()
    reached = parts if is_reachable(parts.index) else replace(parts, embedder=None)  # no vector is looked for
    yield from check_versions(reached, tally, with_bytes=with_bytes)
    yield from check_removals(parts, tally)
    yield from check_orphans(parts, tally, grace=grace)


def _mend(finding: Finding) -> tuple[str, bool]:
    """Mend what was found; return what is to be said of it, and whether it is mended."""
    if finding.mend is None:
        return "", False
    try:
        done = finding.mend()
    except HelloTutorError as error:
        return f" Not mended: {error.message}", False
    return (f" Mended: {done}.", True) if done else (" Not mended: somebody works on it, or it failed again.", False)


def _sum_up(tally: Tally, found: int, mended: int) -> str:
    looked_at = f"{tally.versions:,} versions, {tally.passages:,} passages, {tally.files:,} stored files"
    wrong = f"{found:,} found, {mended:,} mended" if found else "nothing is wrong"
    rest = [
        (tally.in_flux, "being worked on"),
        (tally.waiting, "waiting for a worker"),
        (tally.to_be_removed, "to be removed yet"),
    ]
    told = "".join(f"; {number:,} {what}" for number, what in rest if number)
    return f"{looked_at}: {wrong}{told}."


def _print(line: str) -> None:
    out.print(line, markup=False, soft_wrap=True)
