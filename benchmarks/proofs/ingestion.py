"""Documents go in while workers are killed and storage, disk or database fail: nothing lost, doubled or left."""

from __future__ import annotations

import argparse
import contextlib
import random
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.monitoring.kent_sink import run_kent

from benchmarks.proofs.ingestion_documents import write_documents
from benchmarks.proofs.ingestion_faults import (
    LOCKED_S,
    OUTAGE_S,
    fail_for,
    filled,
    killed_s3,
    locked,
    may_mount,
    small_disk,
    stop_past_the_lease,
)
from benchmarks.proofs.ingestion_kills import Killer, Kills
from benchmarks.proofs.ingestion_library import describe
from benchmarks.proofs.ingestion_runs import HEAD, Outcome, Proof, harm, ingest_undisturbed
from benchmarks.proofs.ingestion_site import POISONED_WORKER, Site
from benchmarks.proofs.ingestion_table import Row, keep_row
from benchmarks.shared import shared_file

KILLS, FEWER_KILLS, FREEZES = 50, 20, 6
_SHORT_LEASE = {"INGEST_LEASE_S": "2"}


def main() -> None:
    """Run all rows, or those named, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="*", choices=[[], *ROWS], help="which rows; all when none is named")
    chosen = parser.parse_args().rows or list(ROWS)
    shared = shared_file()
    if shared is None:
        raise SystemExit("Set HELLOTUTOR_SHARED_DATA to the folder of the shared documents.")
    with tempfile.TemporaryDirectory(prefix="hellotutor-proof-") as scratch, contextlib.ExitStack() as servers:
        proof = Proof(Path(scratch), Path(scratch) / "documents", servers)
        write_documents(proof.documents, shared)
        proof.undisturbed = ingest_undisturbed(proof)
        for name in chosen:
            try:
                ROWS[name](proof)
            except RuntimeError as error:
                proof.has_failed = True
                print(f"{name}: {error}", flush=True)
    raise SystemExit(proof.has_failed)


def end_workers(
    proof: Proof, what: str, where: str, times: int, number: int = signal.SIGKILL, workers: int = 1, **settings: str
) -> None:
    """Keep the row of workers that are ended with a signal, each time at another instant."""
    moments = random.Random(f"{what} {where}")

    def do(site: Site, kills: Kills) -> None:
        after = partial(forget_holders, site) if settings else (lambda: None)
        Killer(site, moments, proof.total, kills, number, after).end(times - kills.count)

    harm(proof, what, where, do, times=times, workers=workers, **settings)


def forget_holders(site: Site) -> None:
    """Remove what tells the workers of this machine that another one died."""
    for path in (site.data_dir / "locks").glob("holder-*.lock"):
        path.unlink()


def freeze_workers(proof: Proof) -> None:
    """Keep the row of workers that are taken for dead and come back."""
    moments = random.Random(5)

    def do(site: Site, kills: Kills) -> None:
        kills.hit.update(stop_past_the_lease(site, moments, total=proof.total, times=FREEZES - kills.hit.total()))

    def count_refused(outcome: Outcome) -> int:
        # one frozen after its last write has nothing left to be refused but the handing back, which isn't counted
        return outcome.count("ingestion.claim_lost")

    what = "SIGSTOP past the lease of 2 s, SIGCONT"
    outcome = harm(
        *(proof, what, "Postgres, files", do),
        times=FREEZES,
        workers=2,
        say=lambda outcome: f": {count_refused(outcome)} late writes counted as refused",
        **_SHORT_LEASE,
    )
    proof.has_failed = proof.has_failed or not count_refused(outcome)


def fail(
    proof: Proof,
    what: str,
    where: str,
    failing: Callable[[Site], contextlib.AbstractContextManager[None]],
    seconds: float = OUTAGE_S,
    around: Callable[[Site], contextlib.AbstractContextManager[None]] = lambda site: contextlib.nullcontext(),
    **settings: str,
) -> None:
    """Keep the row of something that fails for a while in the middle of the work."""

    def do(site: Site, kills: Kills) -> None:
        kills.hit["neither"] += fail_for(site, random.Random(what), proof.total, failing(site), seconds)

    harm(proof, what, where, do, around=around, **settings)


def fail_s3(proof: Proof, what: str, *, is_killed: bool) -> None:
    """Keep the row of a storage that is gone for a while."""

    def failing(site: Site) -> contextlib.AbstractContextManager[None]:
        return killed_s3(proof.s3, proof.folder / "s3") if is_killed else proof.s3.frozen()

    fail(proof, what, "SQLite, S3", failing)


def fill_disk(proof: Proof, what: str, part: str, size_mb: int) -> None:
    """Keep the row of a disk that is full for a while: that of the data folder, or of a part of it."""
    if not may_mount():
        print(f"{what}: not run, since it needs the rights to mount a small disk")
        return
    fail(
        *(proof, what, "SQLite, files", lambda site: filled(site.data_dir / part)),
        around=lambda site: small_disk(site.data_dir / part, size_mb=size_mb),
    )


def poison(proof: Proof) -> None:
    """A document ends every worker that reads it; it is set aside, the others go in, and it is tried again."""
    with contextlib.contextmanager(run_kent)() as kent:
        site, begun = proof.site("SQLite", SENTRY_DSN=kent.dsn), time.monotonic()
        site.program = POISONED_WORKER
        for name, text in (("poison.txt", "poison kills whoever reads it.\n"), ("notes.txt", "Good notes.\n")):
            path = proof.folder / "poisoned" / "mallory" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        site.fill(proof.folder / "poisoned")
        site.fill(proof.documents)
        with site.working():
            deaths = site.wait_until(site.is_finished)
            aside = site.rows("select filename, error_code from documents_documentversion where status != 'indexed'")
            (site.data_dir / "antidote").touch()
            site.run("tests.ingestion.programs.try_again")
            site.wait_until(site.is_finished)
        (unfinished,) = site.rows("select count(*) from documents_documentversion where status != 'indexed'")[0]
        failures = Counter(event["tags"]["failure"] for event in kent.events())
        library = describe(site)
    left_over = [name for name, value in library.left_over.items() if value]
    is_right = aside == [("poison.txt", "worker_died")] and not unfinished and not left_over
    is_right = is_right and failures == {"rag_ingestion.ingest_document.unexpected": 1}
    print(f"  poison: {deaths} deaths, set aside {aside}, captured {failures}, left over {left_over}")
    proof.has_failed = proof.has_failed or not is_right
    row = Row(
        *("poison", "SQLite, files", deaths, deaths, 0, len(aside), len(library.documents), library.passages),
        *(int(not is_right), time.monotonic() - begun, ": a document that ends every worker, hashes for vectors"),
    )
    keep_row(row, HEAD)


_FAR = "SIGKILL as on another machine, lease 2 s"
_LOCKED = f"database locked for {LOCKED_S:.0f} s, lease 10 s"
ROWS: dict[str, Callable[[Proof], None]] = {
    "sqlite-files": lambda proof: end_workers(proof, "SIGKILL", "SQLite, files", KILLS),
    "postgres-files": lambda proof: end_workers(proof, "SIGKILL", "Postgres, files", KILLS),
    "sqlite-s3": lambda proof: end_workers(proof, "SIGKILL", "SQLite, S3", KILLS),
    "postgres-s3": lambda proof: end_workers(proof, "SIGKILL", "Postgres, S3", KILLS),
    "two-workers": lambda proof: end_workers(proof, "SIGKILL of one of two", "Postgres, files", FEWER_KILLS, workers=2),
    "lease-alone": lambda proof: end_workers(proof, _FAR, "SQLite, files", FEWER_KILLS, **_SHORT_LEASE),
    "sigterm": lambda proof: end_workers(proof, "SIGTERM", "SQLite, files", FEWER_KILLS, signal.SIGTERM),
    "zombies": freeze_workers,
    "s3-frozen": lambda proof: fail_s3(proof, f"S3 doesn't answer for {OUTAGE_S:.0f} s", is_killed=False),
    "s3-killed": lambda proof: fail_s3(proof, f"S3 is killed, and back after {OUTAGE_S:.0f} s", is_killed=True),
    "files-full": lambda proof: fill_disk(proof, f"disk of the files full for {OUTAGE_S:.0f} s", "objects", 32),
    "disk-full": lambda proof: fill_disk(proof, f"disk of all data full for {OUTAGE_S:.0f} s", "", 64),
    "sqlite-locked": lambda proof: fail(proof, _LOCKED, "SQLite, files", locked, LOCKED_S, INGEST_LEASE_S="10"),
    "postgres-locked": lambda proof: fail(proof, _LOCKED, "Postgres, files", locked, LOCKED_S, INGEST_LEASE_S="10"),
    "poison": poison,
}

if __name__ == "__main__":
    main()
