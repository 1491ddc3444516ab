"""Runs of the proof of ingestion: the same documents at an empty place, harmed, compared with an undisturbed run."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.postgres_server import PostgresServer, run_postgres
from tests.s3_server import S3Server, run_s3

from benchmarks.proofs.ingestion_kills import Kills, finish
from benchmarks.proofs.ingestion_library import (
    LEAST_COSINE,
    SCORE_TOLERANCE,
    Library,
    describe,
    find_differences,
    least_cosine,
)
from benchmarks.proofs.ingestion_site import Site
from benchmarks.proofs.ingestion_table import Row, keep_row

TITLE = "Documents go in while workers are killed and storage, disk or database fail: nothing lost, doubled or left."
MOST_RUNS = 8
HEAD = f"""# {TITLE}

`script/prove ingestion`: 20 documents of five learners (pieces of a book in PDF, of a textbook in Markdown and of a
speech in text, and some that are made; 1 to 900 passages) are added at once and ingested by the real
`hellotutor worker` with MiniLM. Each row is a run over an empty place. A difference is anything that isn't as in an
undisturbed run: a document, its state, its pages and passages letter for letter, a vector (of a cosine below
{LEAST_COSINE}: the model's 8 bits make it depend a little on what it is embedded with), a score by words (more than
{SCORE_TOLERANCE} apart); or a file, a claim, a task or a note of removal that is left over. The instants are seeded by
how far the work is, so that they fall into every stage; where the work ends before all of them came, it is done anew at
another empty place. `times` is how often a worker was ended or frozen, by the row's cause or of it; the two columns
behind it count those that were at that just then."""


@dataclass
class Proof:
    """What all rows share.

    Attributes:
        folder: for everything that is written.
        documents: a folder for each learner.
        servers: started when first needed.
        undisturbed: what ingestion makes of the documents.
    """

    folder: Path
    documents: Path
    servers: contextlib.ExitStack
    undisturbed: Library = field(init=False)
    _postgres: PostgresServer | None = None
    _s3: S3Server | None = None
    _sites: int = 0
    has_failed: bool = False

    @property
    def postgres(self) -> PostgresServer:
        """The Postgres of all rows."""
        self._postgres = self._postgres or self.servers.enter_context(run_postgres())
        return self._postgres

    @property
    def s3(self) -> S3Server:
        """The S3 server of all rows."""
        self._s3 = self._s3 or self.servers.enter_context(run_s3(self.folder / "s3"))
        return self._s3

    @property
    def total(self) -> int:
        """Passages to be read and embedded, together."""
        return 2 * self.undisturbed.passages

    def site(self, where: str, **settings: str) -> Site:
        """Return an empty place: `where` names the database, and the storage unless it is files."""
        self._sites += 1
        if "Postgres" in where:
            settings["DATABASE_URL"] = self.postgres.make_database()
        if "S3" in where:
            settings |= {**self.s3.settings, "S3_BUCKET": self.s3.make_bucket()}
        return Site(self.folder / f"site-{self._sites}", settings)


@dataclass
class Outcome:
    """What became of the documents in the runs of one row.

    Attributes:
        kills: what was done to the workers.
        libraries: what each run made.
        differences: from the undisturbed run, in all of them.
    """

    kills: Kills = field(default_factory=Kills)
    libraries: list[Library] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)

    def count(self, name: str) -> int:
        """Return how often something was counted on the way."""
        return sum(library.counts.get(name, 0) for library in self.libraries)


Harm = Callable[[Site, Kills], None]


def ingest_undisturbed(proof: Proof) -> Library:
    """Return what ingestion makes of the documents when nothing happens."""
    site = proof.site("SQLite")
    site.fill(proof.documents)
    with site.working():
        site.wait_until(site.is_finished)
    return describe(site)


def harm(
    proof: Proof,
    what: str,
    where: str,
    do: Harm,
    *,
    times: int = 0,
    workers: int = 1,
    around: Callable[[Site], contextlib.AbstractContextManager[None]] = lambda site: contextlib.nullcontext(),
    say: Callable[[Outcome], str] = lambda outcome: "",
    **settings: str,
) -> Outcome:
    """Let workers ingest the documents at an empty place while `do` harms them, and keep the row.

    Args:
        proof: what is shared.
        what: the row's name.
        where: its database and storage.
        do: called while the workers work.
        times: how many workers have to be harmed: the run is made anew, at another empty place, until they are.
        workers: how many work at once.
        around: the context of a whole run.
        say: what is added to the row's name afterwards.
        settings: of the workers.
    """
    outcome, begun = Outcome(), time.monotonic()
    while not outcome.libraries or (outcome.kills.count < times and len(outcome.libraries) < MOST_RUNS):
        site = proof.site(where, **settings)
        with around(site):
            site.fill(proof.documents)
            with site.working(workers):
                do(site, outcome.kills)
                finish(site, outcome.kills)
            library = describe(site)
        outcome.libraries.append(library)
        outcome.differences += find_differences(library, proof.undisturbed)
    least = min(least_cosine(library, proof.undisturbed) for library in outcome.libraries)
    print(*outcome.differences, f"  least cosine of a vector {least}; {outcome.libraries[-1].counts}", sep="\n")
    proof.has_failed = proof.has_failed or bool(outcome.differences)
    row = Row(
        *(what, where, outcome.kills.count, outcome.kills.hit["reading"], outcome.kills.hit["embedding"]),
        *(outcome.kills.set_aside, sum(len(library.documents) for library in outcome.libraries)),
        *(sum(library.passages for library in outcome.libraries), len(outcome.differences), time.monotonic() - begun),
        said=say(outcome),
    )
    keep_row(row, HEAD)
    return outcome
