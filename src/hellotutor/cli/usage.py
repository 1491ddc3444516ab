"""Wrong usage of the command line, which has an exit code of its own."""

from __future__ import annotations

from hellotutor.core.errors import Invalid


class WrongUsage(Invalid):
    """The options don't fit each other, or can't be understood."""
