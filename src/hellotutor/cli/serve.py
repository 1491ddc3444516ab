"""`hellotutor serve`: the whole service from one command: a web server and a worker, started and stopped together."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
import webbrowser
from collections.abc import Callable
from types import FrameType
from typing import Annotated

import typer

from hellotutor import __version__
from hellotutor.accounts.tokens import create_sign_in_link
from hellotutor.config.commands import command_line
from hellotutor.config.settings import get_settings
from hellotutor.config.static import collect_static
from hellotutor.config.vectors import find_serving
from hellotutor.core.errors import Unavailable
from hellotutor.monitoring import capture, catalogue

from .children import Child
from .console import complain, note
from .learner import local_user
from .serving import list_services, register_service

DEFAULT_PORT = 8000
_FAILED = 1
_POLL_S = 0.1
_STOP_S = 15.0
_FIRST_DELAY_S, _LONGEST_DELAY_S = 1.0, 30.0
_LONG_LIFE_S = 20.0
_EVERY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where to look, not where to listen
_HERE = {"127.0.0.1", "::1", *_EVERY_ADDRESS}


def serve(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port to listen on.")] = DEFAULT_PORT,
    no_worker: Annotated[bool, typer.Option("--no-worker", help="Start the web server only.")] = False,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Don't open the browser.")] = False,
) -> None:
    """Start the service: pages at http://localhost:8000, and the API under /api/v1/."""
    signals = _Signals()
    _check_port(host, port)
    for other in list_services():
        note(f"▸ Another service runs over this data folder at {other}: both show the same documents.")
    user = local_user()
    collect_static()
    web = Child("web-server", "--host", host, "--port", str(port))
    worker = None if no_worker else _Worker()
    if advice := find_serving().advice:
        note(f"▸ {advice}")
    base = get_settings().public_url or base_url(host, port)
    link = f"{base}/sign-in/{create_sign_in_link(user=user)}/"

    def announce() -> None:
        _announce(base, link)
        if no_worker:
            note("▸ No worker: uploads wait until one runs (hellotutor worker).")
        if not no_browser and _has_browser():
            webbrowser.open(link)

    is_clean = False
    with register_service(base):
        try:
            is_clean = _watch(web, worker, signals, is_up=lambda: _answers(host, port), announce=announce)
        finally:
            is_clean &= _stop([web, worker.child] if worker and worker.child else [web], signals)
    if not is_clean:
        note("▸ A part of the service did not end by itself.")
        raise typer.Exit(_FAILED)


def base_url(host: str, port: int) -> str:
    """Return the address that a browser on this machine opens."""
    name = "localhost" if host in _HERE else host
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


class _Signals:
    """Counts the requests to stop: the first is friendly, the second isn't."""

    def __init__(self) -> None:
        self.count = 0
        signal.signal(signal.SIGINT, self._note)
        signal.signal(signal.SIGTERM, self._note)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.count += 1


class _Worker:
    """The worker's process, started again when it dies: soon the first time, later and later when it dies again."""

    def __init__(self) -> None:
        self.child: Child | None = None
        self._start_at = 0.0
        self._delay_s = _FIRST_DELAY_S

    def tend(self) -> None:
        """Start the worker when it is time to."""
        now = time.monotonic()
        if self.child is None:
            if now >= self._start_at:
                self.child = Child("worker")
        elif self.child.code is not None:
            if now - self.child.started_at > _LONG_LIFE_S:
                self._delay_s = _FIRST_DELAY_S
            _tell_of_death(self.child.code, again_in_s=self._delay_s)
            self.child, self._start_at = None, now + self._delay_s
            self._delay_s = min(self._delay_s * 2, _LONGEST_DELAY_S)


def _tell_of_death(code: int, *, again_in_s: float) -> None:
    complain(
        f"The worker ended unexpectedly (exit code {code}): it starts again in {again_in_s:.0f} s, and what it was "
        "reading goes on."
    )
    if code != _FAILED:  # with that code it has reported what happened itself
        died = Unavailable("worker_died", f"The worker ended with exit code {code}.")
        capture(catalogue.WORKER_CRASH, died, error_type="worker_died")


def _watch(
    web: Child, worker: _Worker | None, signals: _Signals, *, is_up: Callable[[], bool], announce: Callable[[], None]
) -> bool:
    """Wait for a signal; once pages are served, tell of it and tend the worker; return whether all went well."""
    is_announced = False
    while not signals.count:
        if web.code is not None:
            complain(f"The web server ended unexpectedly (exit code {web.code}): start again with hellotutor serve.")
            return False
        if is_announced and worker:
            worker.tend()
        elif not is_announced and is_up():
            is_announced = True
            announce()
        time.sleep(_POLL_S)
    note("▸ Stopping. Nothing is lost: what is being read goes on at the next start.")
    return True


def _stop(children: list[Child], signals: _Signals) -> bool:
    """End the children: friendly, then, on a second signal or after a while, by force; return whether friendly did."""
    for child in children:
        child.ask_to_stop()
    end = time.monotonic() + _STOP_S
    for child in children:
        while not child.wait(_POLL_S):
            if signals.count > 1 or time.monotonic() > end:
                child.kill()
    return all(child.code == 0 for child in children)


def _announce(base: str, link: str) -> None:
    typer.echo(f"HelloTutor {__version__} runs at {base}")
    typer.echo("Sign in with this link (it works once, within a day):")
    typer.echo(f"  {link}")
    typer.echo(f"Another link: {command_line('link')}")
    typer.echo("Upload a document there, or add the sample chapter: the home page has a button for it. Ctrl-C stops.")


def _has_browser() -> bool:
    """Say whether somebody sits before a screen of this machine."""
    has_screen = sys.platform in ("win32", "darwin") or "DISPLAY" in os.environ or "WAYLAND_DISPLAY" in os.environ
    return has_screen and sys.stdout.isatty()


def _check_port(host: str, port: int) -> None:
    """See that the port can be had, before anything is started."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            if sys.platform != "win32":  # there it would allow a port that is taken
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except PermissionError as error:
        raise Unavailable(
            "port_not_permitted", f"Port {port} may not be opened by you: choose one above 1023 with --port."
        ) from error
    except socket.gaierror as error:
        raise Unavailable("bad_host", f"“{host}” is no address of this machine: give one with --host.") from error
    except OSError as error:
        raise Unavailable(
            "port_taken", f"Port {port} of {host} can't be had ({error.strerror}): choose another with --port."
        ) from error


def _answers(host: str, port: int) -> bool:
    try:
        socket.create_connection((_EVERY_ADDRESS.get(host, host), port), timeout=_POLL_S).close()
    except OSError:
        return False
    return True
