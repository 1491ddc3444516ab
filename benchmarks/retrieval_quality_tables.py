"""Write what retrieval_quality printed into docs/accuracy.md."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from benchmarks.tables import write_table

PAGE = Path(__file__).parents[1] / "docs" / "accuracy.md"
Report = dict[str, Any]


def main() -> None:
    """Write the tables of the files named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("report", type=Path, help="what script/bench retrieval_quality printed")
    parser.add_argument("distracted", type=Path, nargs="?", help="the same, run with --distractor")
    arguments = parser.parse_args()
    report = json.loads(arguments.report.read_text(encoding="utf-8"))
    write_table("ways", describe_ways(report), PAGE)
    write_table("steps", describe_steps(report), PAGE)
    write_table("choices", describe_choices(report), PAGE)
    if arguments.distracted:
        distracted = json.loads(arguments.distracted.read_text(encoding="utf-8"))
        write_table("distracted", describe_ways(distracted), PAGE)
        write_table("distracted choices", describe_choices(distracted), PAGE)


def describe_ways(report: Report) -> str:
    """Return the table of the ways, with our recall as a multiple of each one's."""
    names = list(report["ways"]["ours"]["by_corpus"])
    ours = report["ways"]["ours"]["recall"]
    rows = [
        [
            name,
            f"**{way['recall']:.3f}** ({_interval(way)})",
            *(f"{way['by_corpus'][corpus]:.3f}" for corpus in names),
            f"{way['precision']:.3f}",
            f"{way['iou']:.3f}",
            f"{way['hit_at_1']:.2f} / {way['hit_at_5']:.2f}",
            f"{ours / way['recall']:.2f}",
        ]
        for name, way in report["ways"].items()
    ]
    header = ["way", "recall (95%)", *names, "precision", "IoU", "hit at 1 / 5", "ours ×"]
    return _table(header, rows)


def describe_steps(report: Report) -> str:
    """Return the table of the ideas, one after the other."""
    names = list(report["ways"]["ours"]["by_corpus"])
    rows = [
        [
            name,
            f"{step['recall']:.3f} ({_interval(step)})",
            *(f"{step['by_corpus'][corpus]:.3f}" for corpus in names),
            f"{step['hit_at_1']:.2f} / {step['hit_at_5']:.2f}",
        ]
        for name, step in report["steps"].items()
    ]
    return _table(["search", "recall (95%)", *names, "hit at 1 / 5"], rows)


def describe_choices(report: Report) -> str:
    """Return the table of what was chosen on one corpus and found on the other."""
    rows = []
    for choice in report["chosen_and_confirmed"]:
        share, falling, vectors, passage = choice["settings"]
        for other, recall in choice["confirmed_on"].items():
            settings = f"{share}, × {falling} a step; vectors {vectors}; passage {passage}"
            there, shipped = f"{choice['recall_there']:.3f}", choice["shipped"][other]
            rows.append([choice["chosen_on"], settings, there, other, f"**{recall:.3f}**", f"{shipped:.3f}"])
    return _table(["chosen on", "settings", "recall there", "confirmed on", "recall", "shipped settings there"], rows)


def _interval(one: Report) -> str:
    low, high = one["interval"]
    return f"{low:.3f}–{high:.3f}"


def _table(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


if __name__ == "__main__":
    main()
