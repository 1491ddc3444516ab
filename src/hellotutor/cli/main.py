"""The shell around every command: start-up, exit codes, and the one place where a crash is caught.

Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted (`entry`).
"""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence

from typer.exceptions import TyperException

from hellotutor.config.startup import start, start_bare_monitoring
from hellotutor.core.errors import HelloTutorError
from hellotutor.monitoring import capture, catalogue, flush

from .app import build_app
from .children import SUPERVISED
from .console import complain, note
from .usage import WrongUsage

FAILED, USAGE = 1, 2
_FLUSH_TIMEOUT_S = 2.0
# Where the line about monitoring would be in the way, or is told among the rest.
_QUIET = {"-h", "--help", "--version", "doctor", SUPERVISED}


def run(arguments: Sequence[str]) -> int:
    """Run one command.

    Returns:
        The exit code.
    """
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")
    command = next((argument for argument in arguments if not argument.startswith("-")), "")
    try:
        return _run(arguments)
    except HelloTutorError as error:
        return _refuse(error)
    except BrokenPipeError:  # the reader of our output has gone: nobody is left to be told
        sys.stderr.close()
        return FAILED
    except Exception as error:  # noqa: BLE001 - the outermost shell: captured, and told in one sentence
        event_id = capture(catalogue.CLI_CRASH, error, command=command)
        told = f"It was reported as event {event_id}." if event_id else "Nothing you answered is lost."
        complain(f"Something inside HelloTutor failed ({type(error).__name__}). {told}")
        return FAILED
    finally:
        flush(_FLUSH_TIMEOUT_S)


def _run(arguments: Sequence[str]) -> int:
    try:
        monitoring = start()
    except Exception as error:
        start_bare_monitoring()
        capture(catalogue.CLI_STARTUP, error, error_type=type(error).__name__)
        raise
    if arguments and not _QUIET & set(arguments):
        note(f"▸ {monitoring.describe()}")
    app = build_app(arguments)
    try:
        result = app(list(arguments), standalone_mode=False, obj=monitoring)
    except TyperException as error:
        message = error.format_message() if hasattr(error, "format_message") else str(error)
        if message:  # a bare `hellotutor` has shown its help
            complain(f"{message.rstrip('.')}. Try: hellotutor --help")
        return USAGE
    return result if isinstance(result, int) else 0


def _refuse(error: HelloTutorError) -> int:
    complain(error.message)
    return USAGE if isinstance(error, WrongUsage) else FAILED
