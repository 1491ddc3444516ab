"""`hellotutor eval`: how well this installation does, measured over a library of its own."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.measure import Measurement
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table

from hellotutor.accounts.models import User
from hellotutor.config import composition
from hellotutor.config.settings import Settings, get_settings
from hellotutor.config.startup import migrate
from hellotutor.core.errors import Unavailable
from hellotutor.documents.models import DocumentVersion
from hellotutor.evaluation.question_set import Corpus, read_question_set
from hellotutor.evaluation.retrieval import evaluate_retrieval

from .children import SUPERVISED, Child, watch_parent
from .console import emit, errors, note, out
from .entry import tell_when_interrupted
from .learner import LOCAL_EMAIL
from .usage import WrongUsage

app = typer.Typer(help="Measure how well this installation does.", no_args_is_help=True)


def _check_budget(budget: int) -> int:
    if budget < 1:
        raise WrongUsage("bad_budget", "The budget is 1 or more characters. Try: hellotutor eval retrieval --help")
    return budget


Corpora = Annotated[Path, typer.Option("--corpora", help="Folder in which each corpus is {corpus_id}.md.")]
Questions = Annotated[
    Path, typer.Option("--questions", help="CSV file with the columns question, references and corpus_id.")
]
Budget = Annotated[
    int, typer.Option("--budget", callback=_check_budget, help="Characters of text returned for a question.")
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object, for programs.")]

# What the measured program has of our settings; everything else, where data lies above all, is its own.
_PASSED_ON = (
    "embedder",
    "index_cache_mb",
    "max_file_mb",
    "max_characters",
    "sentry_dsn",
    "sentry_traces_sample_rate",
    "monitoring_include_text",
)
_COLUMNS = ("Corpus", "Questions", "Recall", "Precision", "IoU", "Hit@1", "Hit@5", "p50 ms", "p99 ms")
_INTERRUPTED = 130
_PREFIX, _DATA = "hellotutor-eval-", "data"
# The file of settings that the measured program reads: empty, and the mark of a folder that may be removed.
_MARK = "no-settings.env"
_POLL_S = 3_600.0
_ANY_WIDTH = 10_000


@app.callback()
def evaluate() -> None:
    """Measure how well this installation does."""


@app.command("retrieval")
def retrieval(corpora: Corpora, questions: Questions, budget: Budget = 4_000, as_json: AsJson = False) -> None:
    """Measure how much of the evidence for each question search finds; your own documents aren't touched."""
    tell_when_interrupted("Nothing was kept: the same command starts anew.")
    read_question_set(corpora, questions)  # refused at once, before anything is made
    with _own_data_folder() as environment:
        arguments = ["--corpora", str(corpora), "--questions", str(questions), "--budget", str(budget)]
        child = Child("eval", "measure-retrieval", *arguments, *["--json"] * as_json, environment=environment)
        while not child.wait(_POLL_S):
            pass
    if child.code not in (0, 1):
        sentence = f"The process that measures died (exit code {child.code}): is there memory enough for the corpora?"
        raise Unavailable("measuring_died", sentence)
    raise typer.Exit(child.code)


@app.command("measure-retrieval", hidden=True)
def measure_retrieval(
    corpora: Corpora,
    questions: Questions,
    budget: Budget = 4_000,
    as_json: AsJson = False,
    is_supervised: Annotated[bool, typer.Option(SUPERVISED)] = False,
) -> None:
    """Do what `retrieval` says, in the folder that it made for this, which goes with it; refused in any other."""
    folder = get_settings().data_dir.parent
    if not (is_supervised and folder.name.startswith(_PREFIX) and (folder / _MARK).is_file()):
        raise WrongUsage("not_supervised", "This is a part of another command: hellotutor eval retrieval")
    watch_parent(partial(_vanish, folder))
    migrate()
    owner = User.objects.create_user(LOCAL_EMAIL)
    with _progress() as progress:
        task = progress.add_task("")

        def show(corpus: Corpus, version: DocumentVersion) -> None:
            progress.update(
                task,
                description=f"Reading and embedding {corpus.name}",
                total=version.passages_read or None,
                completed=version.passages_embedded,
            )

        measured = evaluate_retrieval(
            read_question_set(corpora, questions),
            owner=owner,
            parts=composition.ingestion_parts(),
            search=composition.search(),
            budget=budget,
            on_progress=show,
        )
    if as_json:
        emit(measured)
    else:
        _show(measured)
        note(f"▸ Within {budget:,} characters of text for each question.")
    if measured["mode"] == "lexical":
        wish = "EMBEDDER=none" if get_settings().embedder == "none" else "to add meanings, run: hellotutor models fetch"
        note(f"▸ Search by words alone was measured ({wish}).")


@contextlib.contextmanager
def _own_data_folder() -> Iterator[dict[str, str]]:
    """Make a data folder with the models of ours and nothing else; yield the environment that names it."""
    chosen = get_settings()
    with tempfile.TemporaryDirectory(prefix=_PREFIX) as name:
        folder = Path(name)
        _share_models(chosen.data_dir / "models", folder / _DATA / "models")
        (folder / _MARK).touch()
        ours = {field.upper() for field in Settings.model_fields}
        inherited = {key: value for key, value in os.environ.items() if key.upper() not in ours}
        passed_on = {field.upper(): str(getattr(chosen, field)) for field in _PASSED_ON}
        yield {
            **inherited,
            **passed_on,
            "ENV": "test" if chosen.env == "test" else "development",  # production wants secrets
            "SENTRY_ENVIRONMENT": chosen.monitoring_environment,
            "ENV_FILE": str(folder / _MARK),
            "DATA_DIR": str(folder / _DATA),
        }


def _share_models(ours: Path, theirs: Path) -> None:
    """Let the other data folder have our models; what is made of them there is kept here."""
    ours.mkdir(parents=True, exist_ok=True)
    theirs.parent.mkdir(parents=True, exist_ok=True)
    try:
        theirs.symlink_to(ours, target_is_directory=True)
    except OSError:  # Windows lets not everybody
        shutil.copytree(ours, theirs)


def _vanish(folder: Path) -> None:
    """Have the process end with the folder that the parent made and would have removed."""
    # no daemon: the main thread, which may fail because of what is gone, waits for it
    threading.Thread(target=_remove_and_end, args=(folder,), name="vanish").start()


def _remove_and_end(folder: Path) -> None:
    while folder.exists():  # the main thread may be writing into it
        shutil.rmtree(folder, ignore_errors=True)
    os._exit(_INTERRUPTED)


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,.0f}"),
        console=errors,
        transient=True,
        disable=not errors.is_terminal,
    )


def _show(measured: dict[str, Any]) -> None:
    table = _draw(measured)
    table.width = Measurement.get(out, out.options.update(width=_ANY_WIDTH), table).maximum
    out.print(table, crop=False)  # every name and number whole, however narrow the terminal


def _draw(measured: dict[str, Any]) -> Table:
    table = Table(box=None, pad_edge=False, collapse_padding=True, caption_justify="left")
    if measured["mode"] == "lexical":
        table.caption = "Search by words alone"
    for number, header in enumerate(_COLUMNS):
        table.add_column(header, justify="right" if number else "left", no_wrap=True)
    by_corpus: dict[str, Any] = measured["by_corpus"]
    for name, one in [*by_corpus.items(), ("all", measured)]:
        shares = [f"{one[key]:.3f}" for key in ("recall", "precision", "iou", "hit_at_1", "hit_at_5")]
        times = [f"{one['query_ms'][key]:.1f}" for key in ("p50", "p99")]
        table.add_row(name, f"{one['n']:,}", *shares, *times, style="bold" if one is measured else "")
    return table
