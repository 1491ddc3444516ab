"""The commands, put together."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated

import typer

from hellotutor import __version__

# By name: the module, and whether the help is silent about it. Each module holds a function of the command's name with
# underscores, or an `app` of commands of its own; all of them together take half a second to import.
_COMMANDS: Mapping[str, tuple[str, bool]] = {
    "serve": ("serve", False),
    "study": ("study", False),
    "ask": ("ask", False),
    "documents": ("documents", False),
    "insights": ("insights", False),
    "link": ("link", False),
    "token": ("token", False),
    "worker": ("worker", False),
    "doctor": ("doctor", False),
    "check": ("check", False),
    "models": ("models", False),
    "reindex": ("reindex", False),
    "eval": ("eval", False),
    "web-server": ("web_server", True),
}


def build_app(arguments: Sequence[str]) -> typer.Typer:
    """Return the command line, with no more of the commands than these arguments need.

    Django must have been set up: the commands import its models.
    """
    app = typer.Typer(
        name="hellotutor",
        no_args_is_help=True,
        add_completion=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        pretty_exceptions_enable=False,
    )
    app.callback()(_options)
    for name in _needed(arguments[0] if arguments else ""):
        _add(app, name)
    return app


def _needed(first: str) -> Iterable[str]:
    if first == "--version":
        return ()
    return (first,) if first in _COMMANDS else _COMMANDS  # the help, and the complaint about a wrong name, want all


def _add(app: typer.Typer, name: str) -> None:
    module_name, is_hidden = _COMMANDS[name]
    module = importlib.import_module(f"{__package__}.{module_name}")
    if hasattr(module, "app"):
        app.add_typer(module.app, name=name)
    else:
        app.command(name, hidden=is_hidden)(getattr(module, module_name))


def _show_version(is_wanted: bool) -> None:
    if is_wanted:
        typer.echo(f"hellotutor {__version__}")
        raise typer.Exit


def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Say which.")
    ] = False,
) -> None:
    """A tutor over your own documents: questions, graded answers and replies that can be checked on the page."""
