"""Writes a measured table into docs/performance.md, between two HTML comments that name it."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"


def write_table(name: str, table: str, page: Path = PAGE) -> None:
    """Print a table and put it in the place of the one that stands between `<!-- name -->` and `<!-- end of name -->`.

    Raises:
        SystemExit: the page has no such place.
    """
    print(table)
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    place = re.compile(rf"(?<={re.escape(begin)}\n).*?(?={re.escape(end)})", re.DOTALL)
    text = page.read_text(encoding="utf-8")
    if not place.search(text):
        raise SystemExit(f"{page} has no place for the table: it stands between {begin} and {end}.")
    page.write_text(place.sub(lambda _: f"\n{table}\n\n", text), encoding="utf-8")
