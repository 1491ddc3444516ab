"""The connection to one Pinecone index: found, made, checked, and asked with an end to every wait."""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

import httpx
from pinecone import Pinecone
from pinecone import errors as sdk
from pinecone.index import Index
from pinecone.models.indexes.deployment import PodDeployment
from pinecone.models.indexes.index import IndexModel

from hellotutor.core.errors import Unavailable
from hellotutor.retrieval.pinecone import errors as pinecone_errors
from hellotutor.retrieval.pinecone.errors import SDK_ERRORS, make_error, translate

if TYPE_CHECKING:
    from hellotutor.retrieval.pinecone.index import PineconeConfig

T = TypeVar("T")
_CONTROL_PLANE = "https://api.pinecone.io"
_FIELD = "_values"  # by this name alone the vectors API serves an index's field: its OpenAPI document, 2026-07
_FIRST_PAUSE_S, _MOST_PAUSE_S = 0.2, 2.0
_LONGEST_HOLD_S = 60.0  # a longer Retry-After is a mistake
_LOOK_AGAIN_S = 1.0  # at an index that isn't ready
_DEAD_STATES = frozenset({"InitializationFailed", "Terminating", "Disabled"})
# What one knows of the index may be wrong after these.
_DOUBTFUL = frozenset({"pinecone_index_missing", "pinecone_unreachable", "pinecone_refused"})
_end: ContextVar[float] = ContextVar("end of the attempt at hand")


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a call may take, and how often it is tried.

    Attributes:
        end: when all is over, by time.monotonic().
        attempt_s: the longest that one attempt may take.
        attempts: 1 or more.
    """

    end: float
    attempt_s: float
    attempts: int = 3


class PineconeClient:
    """Asks the SDK; threads may share it. Whatever fails is an Unavailable of `pinecone_errors`."""

    def __init__(self, config: PineconeConfig) -> None:
        """Ask nothing yet."""
        self._config = config
        self._control: Pinecone | None = None
        self._index: Index | None = None
        self._opened: dict[str, Index] = {}  # by host: one client each, which threads share
        self._prepared: int | None = None
        self._held_until, self._held_by = 0.0, ""

    def to_read(self) -> Patience:
        """Return the patience for what somebody waits for, beginning now."""
        return Patience(time.monotonic() + self._config.read_s, self._config.read_s / 2)

    def to_write(self) -> Patience:
        """Return the patience for what a worker does, beginning now."""
        return Patience(time.monotonic() + self._config.write_s, self._config.write_s / 2)

    def prepare(self, dimensions: int) -> None:
        """Make the index for vectors of this length or check it, and wait until it is ready.

        What was found fit isn't looked at again before something fails.
        """
        if self._prepared == dimensions and self._index is not None:
            return
        patience = replace(self.to_write(), end=time.monotonic() + self._config.ready_s)
        model = self._ask(lambda: self._find_or_make(dimensions), patience)
        while not model.status.ready or not model.host:
            if model.status.state in _DEAD_STATES:
                raise make_error("pinecone_index_failed")
            if time.monotonic() + _LOOK_AGAIN_S > patience.end:
                raise make_error("pinecone_not_ready")
            time.sleep(_LOOK_AGAIN_S)
            model = self._ask(self._describe, patience)
        _check(model, dimensions)
        self._index = self._ask(lambda: self._open(model), patience)
        self._prepared = dimensions

    def close(self) -> None:
        """End all connections; what is asked afterwards opens new ones."""
        opened, self._opened, self._index, self._prepared = self._opened, {}, None, None
        for index in opened.values():
            index.close()
        if self._control is not None:
            self._control.close()
            self._control = None

    def probe(self, seconds: float = 3.0) -> None:
        """Raise Unavailable where the index doesn't answer; one that isn't there will be made when it is needed."""
        patience = Patience(time.monotonic() + seconds, seconds, attempts=1)
        try:
            self.ask(lambda index: index.describe_index_stats(), patience)
        except Unavailable as error:
            if error.code != "pinecone_index_missing":
                raise

    def ask(self, call: Callable[[Index], T], patience: Patience, *, dimensions: int | None = None) -> T:
        """Return what the index answers, asked again while that can help and there is time.

        Args:
            call: the request; it may be sent twice.
            patience: how long and how often.
            dimensions: of the vectors sent, which tells a refusal of their length from another one.
        """
        try:
            return self._ask(lambda: call(self._connected()), patience)
        except Unavailable as error:
            if error.code in _DOUBTFUL:
                self._index = self._prepared = None
            if error.code == "pinecone_refused" and dimensions is not None:
                _check(self._ask(self._describe, patience), dimensions)
            raise

    def ask_namespace(
        self, call: Callable[[Index], T], patience: Patience, *, dimensions: int | None = None
    ) -> T | None:
        """Return what the index answers, and None where it has no such namespace.

        Pinecone says “not found” of a namespace as of an index, so the index is looked for.
        """
        try:
            return self.ask(call, patience, dimensions=dimensions)
        except Unavailable as error:
            if error.code != "pinecone_index_missing":
                raise
        self._ask(self._connected, patience)
        return None

    def _ask(self, call: Callable[[], T], patience: Patience) -> T:
        """Call until it succeeds, fails for good, or the time is over."""
        if time.monotonic() < self._held_until:
            raise make_error(self._held_by)
        for attempt in range(1, patience.attempts + 1):
            attempt_end = min(time.monotonic() + patience.attempt_s, patience.end)
            try:
                with _ending(attempt_end):
                    return call()
            except SDK_ERRORS as error:
                named = translate(error)
                pause_s = self._find_pause(error, named, attempt)
                is_last = attempt == patience.attempts or time.monotonic() + pause_s >= patience.end
                if is_last or not pinecone_errors.is_passing(named):
                    raise named from error
            time.sleep(pause_s)
        raise AssertionError("no attempt was made")

    def _find_pause(self, error: Exception, named: Unavailable, attempt: int) -> float:
        """Return how long to wait before the next attempt, with jitter; a longer hold is kept to by all callers."""
        asked_s = pinecone_errors.asked_pause_s(error) if pinecone_errors.is_passing(named) else None
        if asked_s is not None:
            asked_s = min(asked_s, _LONGEST_HOLD_S)
            if asked_s > _MOST_PAUSE_S:
                self._held_until, self._held_by = time.monotonic() + asked_s, named.code
            return asked_s * random.uniform(1.0, 1.2)  # noqa: S311
        return min(_FIRST_PAUSE_S * 3.0 ** (attempt - 1), _MOST_PAUSE_S) * random.uniform(0.5, 1.0)  # noqa: S311

    def _connected(self) -> Index:
        index = self._index
        if index is None:
            model = self._describe()
            if not model.status.ready or not model.host:
                raise make_error("pinecone_not_ready")
            index = self._index = self._open(model)
        return index

    def _open(self, model: IndexModel) -> Index:
        host = str(model.host)
        if host not in self._opened:
            index = self._controlled().index(host=host)
            _bound(index)
            self._opened[host] = index
        return self._opened[host]

    def _controlled(self) -> Pinecone:
        if self._control is None:
            try:
                host = self._config.host or _CONTROL_PLANE
                control = Pinecone(self._config.api_key, host=host)
            except sdk.PineconeValueError as error:  # what can't even be sent
                raise make_error("pinecone_key_refused") from error
            _bound(control)
            self._control = control
        return self._control

    def _describe(self) -> IndexModel:
        return self._controlled().indexes.describe(self._config.index)

    def _find_or_make(self, dimensions: int) -> IndexModel:
        try:
            return self._describe()
        except sdk.NotFoundError:
            return self._make(dimensions)

    def _make(self, dimensions: int) -> IndexModel:
        try:
            return self._controlled().indexes.create(
                name=self._config.index,
                schema={"fields": {_FIELD: {"type": "dense_vector", "dimension": dimensions, "metric": "cosine"}}},
                deployment={
                    "deployment_type": "managed",
                    "cloud": self._config.cloud,
                    "region": self._config.region,
                },
                timeout=-1,  # `prepare` waits, with an end
            )
        except sdk.ConflictError:  # another process was faster
            return self._describe()
        except sdk.NotFoundError as error:
            raise make_error("pinecone_region_unknown") from error


def _check(model: IndexModel, dimensions: int) -> None:
    """Raise Unavailable where an index isn't for vectors of this length that are compared by cosine."""
    vectors: Any = model.schema.fields.get(_FIELD)
    if isinstance(model.deployment, PodDeployment) or getattr(vectors, "metric", "") != "cosine":
        raise make_error("pinecone_wrong_kind")
    if vectors.dimension != dimensions:
        raise make_error("pinecone_wrong_dimension")


@contextlib.contextmanager
def _ending(end: float) -> Iterator[None]:
    """Let every request of this thread that is sent meanwhile be over by then, to the last byte of its answer."""
    token = _end.set(end)
    try:
        yield
    finally:
        _end.reset(token)


def _bound(client: Any) -> None:
    """Let a client of the SDK ask once and hold to `_ending`.

    The SDK (10.2) takes a retry policy for the control plane alone; on the data plane it tries four times, sleeps up to
    90 s on a Retry-After in between, and its timeout begins anew with each byte that comes.

    Raises:
        Unavailable: it is of another release, made otherwise (`pinecone_sdk_unknown`).
    """
    try:
        http = client._http._client
        http._transport = _OneAttempt(http._transport._transport)
    except AttributeError as error:
        raise make_error("pinecone_sdk_unknown") from error


class _OneAttempt(httpx.BaseTransport):
    """Sends each request once, within the time that the attempt has left."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self._inner = inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        end = _end.get()
        left_s = end - time.monotonic()
        if left_s <= 0:
            raise httpx.ReadTimeout("no time was left for it", request=request)
        request.extensions = {**request.extensions, "timeout": httpx.Timeout(left_s).as_dict()}
        response = self._inner.handle_request(request)
        response.stream = _EndingStream(response.stream, end)
        return response

    def close(self) -> None:
        self._inner.close()


class _EndingStream(httpx.SyncByteStream):
    """The body of an answer; one that comes too slowly is a timeout."""

    def __init__(self, inner: Any, end: float) -> None:
        self._inner, self._ends_at = inner, end

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._inner:
            if time.monotonic() > self._ends_at:
                raise httpx.ReadTimeout("the answer came too slowly")
            yield chunk

    def close(self) -> None:
        self._inner.close()
