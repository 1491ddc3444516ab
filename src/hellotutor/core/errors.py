"""The one tree of errors, so that callers branch on what they can do and never on who failed.

    HelloTutorError
    ├── Invalid          the input is wrong: change it                        (422)
    ├── Forbidden        you may not: ask somebody who may                    (403)
    ├── NotFound         it isn't there, or isn't yours                       (404)
    ├── Conflict         it is in another state: look again                   (409)
    ├── QuotaExceeded    a limit is reached: wait or delete something         (413, 429)
    └── Unavailable      something we need is down: try later                 (503)

Each error carries a stable `code` for programs, one sentence for people, and whether a retry can help.
"""

from __future__ import annotations


class HelloTutorError(Exception):
    """An error that a person can read and a program can branch on.

    Args:
        code: stable snake_case identifier, part of the public interface.
        message: one sentence: what went wrong, where, and what to do.
        retryable: whether the same call may succeed later, unchanged.
    """

    default_retryable = False

    def __init__(self, code: str, message: str, *, retryable: bool | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.retryable = self.default_retryable if retryable is None else retryable

    def __repr__(self) -> str:
        return f"{type(self).__name__}(code={self.code!r})"


class Invalid(HelloTutorError):
    """The input is wrong; the same input will be refused again."""


class Forbidden(HelloTutorError):
    """The caller is known and may not do this."""


class NotFound(HelloTutorError):
    """The thing does not exist, or the caller may not know that it does."""


class Conflict(HelloTutorError):
    """The thing is in a state that does not allow this."""


class QuotaExceeded(HelloTutorError):
    """A limit was reached."""

    default_retryable = True


class Unavailable(HelloTutorError):
    """Something this call depends on is missing or down."""

    default_retryable = True
