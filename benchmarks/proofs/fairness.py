"""A large document and two hundred small ones of twenty other learners at once: nobody waits long beyond its share."""

from __future__ import annotations

import argparse
import itertools
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from fpdf import FPDF

from benchmarks.proofs.ingestion_site import Site
from benchmarks.proofs.report import FOLDER
from benchmarks.shared import shared_file

LEARNERS, DOCUMENTS, PAGES, WORKERS = 20, 10, 3_000, 2
MOST_TIMES_FAIR = 2.0
READER = "zz-reader"
_SMALL_CHARACTERS, _PAGE_CHARACTERS = 1_800, 350
_POLL_S = 0.1
_ASKED = (
    "select v.id, u.email, v.passages_read, v.status, v.working_s, v.lease_until is not null "
    "from documents_documentversion v join accounts_user u on u.id = v.owner_id"
)
HEAD = f"""# {__doc__}

`script/prove fairness`: {WORKERS} real workers with MiniLM; {LEARNERS} learners with {DOCUMENTS} documents of
{_SMALL_CHARACTERS:,} characters each and one with a PDF of {{pages:,}} pages of {_PAGE_CHARACTERS} characters, all
waiting at once. A learner's *fair share* is what an ideal sharing gives: at every moment the workers' time is divided
evenly among the learners with work left, at most one worker for one document. A document's fair time is when its
learner's share has paid for it and for those of the learner's that were done before it, by the seconds of work measured
for each in this very run; all times count from the first claim."""


@dataclass
class Course:
    """How one document came along.

    Attributes:
        learner: whose it is.
        studyable_s: after so many seconds its first passages were there.
        indexed_s: after so many seconds everything was.
        work_s: seconds of work spent on it.
    """

    learner: str
    studyable_s: float = 0.0
    indexed_s: float = 0.0
    work_s: float = 0.0


def main() -> None:
    """Run it, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=PAGES, help="of the large document")
    pages = parser.parse_args().pages
    book = shared_file("textbook", "biology.md")
    if book is None:
        raise SystemExit("Set HELLOTUTOR_SHARED_DATA to the folder of the shared documents.")
    with tempfile.TemporaryDirectory(prefix="hellotutor-proof-") as scratch:
        write_documents(Path(scratch) / "documents", book.read_text(encoding="utf-8"), pages)
        site = Site(Path(scratch) / "data")
        site.fill(Path(scratch) / "documents")
        with site.working(WORKERS):
            courses = watch(site)
    raise SystemExit(not write_report(courses, pages))


def write_documents(folder: Path, text: str, pages: int) -> None:
    """Write each learner's documents into a folder of the learner's."""
    pieces = _cut(text, _SMALL_CHARACTERS)
    for learner in range(LEARNERS):
        path = folder / f"learner{learner:02d}"
        path.mkdir(parents=True)
        for number in range(DOCUMENTS):
            (path / f"{number}.md").write_text(f"# Part {learner}.{number}\n\n{next(pieces)}\n", encoding="utf-8")
    document = FPDF()
    document.set_font("helvetica", size=12)
    document.set_auto_page_break(False)
    for piece in itertools.islice(itertools.cycle(list(_cut(text[400_000:], _PAGE_CHARACTERS))), pages):
        document.add_page()
        document.multi_cell(w=0, text=piece.encode("latin-1", "replace").decode("latin-1"))
    (folder / READER).mkdir()
    document.output(str(folder / READER / "large.pdf"))


def watch(site: Site) -> list[Course]:
    """Return how all documents came along, once they have."""
    courses: dict[int, Course] = {}
    begun = 0.0
    while True:
        site.keep_working()
        rows, now = site.rows(_ASKED), time.monotonic()
        begun = begun or (now if any(is_held for *_, is_held in rows) else 0.0)
        for pk, email, passages, status, work_s, _ in rows:
            course = courses.setdefault(pk, Course(email.partition("@")[0]))
            course.work_s = work_s
            if passages and not course.studyable_s:
                course.studyable_s = now - begun
            if status == "indexed" and not course.indexed_s:
                course.indexed_s = now - begun
        if all(course.indexed_s for course in courses.values()):
            return list(courses.values())
        time.sleep(_POLL_S)


def find_fair_times(works: Mapping[str, Sequence[float]], workers: int) -> dict[str, list[float]]:
    """Return when each learner's documents are done where the workers' time is shared evenly.

    Args:
        works: by learner, the seconds of work of each document, in the order in which they are done.
        workers: how many work at once.
    """
    left = {learner: list(documents) for learner, documents in works.items() if documents}
    done: dict[str, list[float]] = defaultdict(list)
    now = 0.0
    while left:
        rates = {learner: min(len(documents), workers / len(left)) for learner, documents in left.items()}
        step = min(documents[0] / rates[learner] for learner, documents in left.items())
        now += step
        for learner, documents in list(left.items()):
            documents[0] -= step * rates[learner]
            if documents[0] <= 1e-9:
                del documents[0]
                done[learner].append(now)
            if not documents:
                del left[learner]
    return dict(done)


def write_report(courses: Sequence[Course], pages: int) -> bool:
    """Write docs/proofs/fairness.md and return whether nobody waited too long."""
    ordered = sorted(courses, key=lambda course: course.indexed_s)
    works: dict[str, list[float]] = defaultdict(list)
    for course in ordered:
        works[course.learner].append(course.work_s)
    fair = {learner: iter(times) for learner, times in find_fair_times(works, WORKERS).items()}
    pairs = [(course, next(fair[course.learner])) for course in ordered]
    small = [(course, fair_s) for course, fair_s in pairs if course.learner != READER]
    large = [(course, fair_s) for course, fair_s in pairs if course.learner == READER]
    tenants = [max(pairs_of, key=lambda pair: pair[0].indexed_s) for pairs_of in _by_learner(pairs)]
    lines = [
        HEAD.format(pages=pages),
        "",
        f"{datetime.now(UTC):%Y-%m-%d}; {sum(sum(of) for of in works.values()):.0f} s of work in all.",
        "",
        "| | first passages, s: median, last | indexed, s: median, last | first passages / fair | indexed / fair |",
        "|---|---|---|---|---|",
        _line(f"the {len(small)} small documents (each)", small),
        _line(f"the document of {pages:,} pages", large),
        _line(f"the last document of each of the {len(tenants)} learners", tenants),
    ]
    worst = max(course.indexed_s / fair_s for course, fair_s in tenants)
    late_s = max(course.indexed_s - fair_s for course, fair_s in small)
    lines += [
        "",
        f"Worst of all learners: {worst:.2f} times the fair time of their last document (at most {MOST_TIMES_FAIR:.0f} "
        f"is allowed). Each small document was indexed at most {late_s:.1f} s past its fair time: "
        "the worst quotients are those of the first ones, whose fair time is a second or two.",
    ]
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "fairness.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))
    return worst <= MOST_TIMES_FAIR


def _by_learner(pairs: Iterable[tuple[Course, float]]) -> list[list[tuple[Course, float]]]:
    found: dict[str, list[tuple[Course, float]]] = defaultdict(list)
    for course, fair_s in pairs:
        found[course.learner].append((course, fair_s))
    return list(found.values())


def _line(name: str, pairs: Sequence[tuple[Course, float]]) -> str:
    first, done = [course.studyable_s for course, _ in pairs], [course.indexed_s for course, _ in pairs]
    ratios = [
        [course.studyable_s / fair_s for course, fair_s in pairs],
        [course.indexed_s / fair_s for course, fair_s in pairs],
    ]
    seconds = [f"{statistics.median(of):.1f}, {max(of):.1f}" for of in (first, done)]
    times = [f"median {statistics.median(of):.2f}, worst {max(of):.2f}" for of in ratios]
    return f"| {name} | {' | '.join([*seconds, *times])} |"


def _cut(text: str, size: int) -> Iterator[str]:
    return (text[at : at + size] for at in range(0, len(text), size))


if __name__ == "__main__":
    main()
