"""Which embedder and which index serve search by meaning: those of the vectors in force, where the settings allow it.

The settings say what is wished for, the database what is in force. Nothing but `hellotutor reindex` changes the latter.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

from django.core.files.storage import storages
from django.db import DatabaseError

from hellotutor.core.errors import HelloTutorError, Invalid
from hellotutor.embeddings.base import Embedder
from hellotutor.embeddings.hashing import HashingEmbedder
from hellotutor.embeddings.minilm import MiniLMConfig, MiniLMEmbedder
from hellotutor.embeddings.weights import find_packaged_weights, is_whole, model_folder
from hellotutor.retrieval.absent import AbsentIndex
from hellotutor.retrieval.base import IndexStamp, VectorIndex
from hellotutor.retrieval.local.index import LocalVectorIndex
from hellotutor.retrieval.models import VectorSet
from hellotutor.retrieval.search import stamp_of
from hellotutor.retrieval.vector_sets import find_in_force

from .settings import get_settings

#: Seconds for which a process goes by what it last saw in the database.
STALE_S = 2.0
NO_EMBEDDER, STAMP_MISMATCH, INDEX_MISMATCH = "no_embedder", "stamp_mismatch", "index_mismatch"


@dataclass(frozen=True, slots=True)
class Serving:
    """What search by meaning is served with.

    Attributes:
        index: where the vectors in force lie; where none are, the one that is wished for.
        embedder: what makes such vectors; None where search is by words alone.
        reason: why it is; empty where there is an embedder.
        advice: that in a sentence which says what to do; empty where nothing is to be done.
        other_indexes: where vectors lie beside.
    """

    index: VectorIndex
    embedder: Embedder | None
    reason: str = ""
    advice: str = ""
    other_indexes: tuple[VectorIndex, ...] = ()


class _Latest:
    """What served a moment ago; the database is asked again after that, by one of those who ask here."""

    def __init__(self) -> None:
        self._first = threading.Lock()
        self._serving: Serving | None = None
        self._seen_at = 0.0

    def look(self, *, is_fresh: bool) -> Serving:
        """Return what serves now, or did two seconds ago."""
        if self._serving is None:
            with self._first:  # whoever else comes first waits for it
                return self._serving or self._look_anew()
        if is_fresh or time.monotonic() - self._seen_at > STALE_S:
            return self._look_anew()
        return self._serving

    def _look_anew(self) -> Serving:
        """Ask the database; where it fails go by what was seen before: whoever needs it will find that out."""
        self._seen_at = time.monotonic()  # before: nobody else waits for the same answer meanwhile
        try:
            self._serving = _decide(list(VectorSet.objects.order_by("pk")))
        except DatabaseError:
            self._serving = self._serving or _decide([])
        return self._serving


_latest = _Latest()


def find_serving(*, is_fresh: bool = False) -> Serving:
    """Return what serves search by meaning, as of two seconds ago at most, or as of now."""
    return _latest.look(is_fresh=is_fresh)


def _decide(sets: Sequence[VectorSet]) -> Serving:
    current = next((one for one in sets if one.state == VectorSet.State.IN_FORCE), None)
    index = open_index(current.place if current else wished_place())
    places = {one.place for one in sets} - {index.place}
    serving = _serve(index, current) if current else _serve_first(index)
    return replace(serving, other_indexes=tuple(open_index(place) for place in sorted(places)))


def _serve_first(index: VectorIndex) -> Serving:
    """Return what makes the first vectors."""
    embedder = usual_embedder()
    return Serving(index, embedder, "" if embedder else NO_EMBEDDER)


def _serve(index: VectorIndex, current: VectorSet) -> Serving:
    chosen = get_settings().embedder
    if chosen == "none":
        return Serving(index, None, NO_EMBEDDER)
    embedder = _find_embedder(current.stamp)
    if isinstance(index, AbsentIndex):
        advice = f"{index.refusal} Search is by words only until hellotutor reindex has made them anew elsewhere."
        return Serving(index, None, INDEX_MISMATCH, advice)
    if embedder is None and _is_missing(current.stamp):
        return Serving(index, None, NO_EMBEDDER)
    if embedder is None:
        here = "which can't be had here" if chosen == "auto" else f"and EMBEDDER={chosen} makes others"
        what = f"The vectors in force were made by {current.model} ({current.version}), {here}"
        return Serving(
            index, None, STAMP_MISMATCH, f"{what}. Search is by words only until hellotutor reindex has run."
        )
    if current.place != wished_place():
        advice = f"Vectors are wished for in {wished_place()}: {current.place} serves until hellotutor reindex has run."
        return Serving(index, embedder, advice=advice)
    return Serving(index, embedder)


def usual_embedder() -> Embedder | None:
    """Return the embedder that a new library gets, and that compares texts: on this machine, where its model is."""
    chosen = get_settings().embedder
    if chosen == "none" or (chosen == "auto" and not is_model_present()):
        return None
    return make_embedder("minilm" if chosen == "auto" else chosen)


def choose_embedder(name: str = "") -> Embedder:
    """Return what a reindex makes vectors with: the one named, otherwise that of EMBEDDER.

    With `auto` the model stays the one in force wherever it can be had, so that only the index may change.

    Raises:
        Invalid: there is none (`unknown_embedder`, `no_embedder`).
    """
    chosen = name or get_settings().embedder
    if chosen == "none":
        message = "EMBEDDER=none makes no vectors: set another, or name one with --embedder."
        raise Invalid("no_embedder", message)
    if chosen != "auto":
        return make_embedder(chosen)
    in_force = find_in_force()
    made_by = (_find_embedder(in_force.stamp) if in_force else None) or usual_embedder()
    if made_by is None:
        raise Invalid("no_embedder", "The embedding model isn't there: run hellotutor models fetch.")
    return made_by


def _find_embedder(stamp: IndexStamp) -> Embedder | None:
    """Return the embedder of this stamp, of those that the settings allow: with `auto` all that can be had."""
    chosen = get_settings().embedder
    names = ["minilm"] * is_model_present() + ["hashing"] * (get_settings().env == "test")
    allowed = [make_embedder(name) for name in (names if chosen == "auto" else [chosen])]
    return next((made for made in allowed if stamp_of(made) == stamp), None)


def _is_missing(stamp: IndexStamp) -> bool:
    """Say whether nothing but the on-machine model's files are missing to make such vectors."""
    return not is_model_present() and stamp_of(make_embedder("minilm")) == stamp


@cache
def make_embedder(name: str) -> Embedder:
    """Return an embedder by its name in EMBEDDER.

    Raises:
        Invalid: there is none of that name (`unknown_embedder`).
    """
    if name == "minilm":
        return MiniLMEmbedder(MiniLMConfig(models_dir=get_settings().data_dir / "models"))
    if name == "hashing" and get_settings().env == "test":
        return HashingEmbedder()
    raise Invalid("unknown_embedder", f"There is no embedder “{name}”: see EMBEDDER in docs/configuration.md.")


def is_model_present() -> bool:
    """Say whether the on-machine model can be used without fetching anything."""
    return find_packaged_weights() is not None or is_whole(model_folder(get_settings().data_dir / "models"))


def wished_place() -> str:
    """Return where the settings want the vectors; see `VectorIndex.place`."""
    chosen = get_settings()
    is_named = chosen.vector_index == "pinecone"
    return f"pinecone/{chosen.pinecone_index}" if is_named else chosen.vector_index


@cache
def open_index(place: str) -> VectorIndex:
    """Return the index of a place; one that refuses everything where the settings don't reach it."""
    name, _, inner = place.partition("/")
    if missing := _find_missing(name):
        return AbsentIndex(place, missing)
    try:
        return make_vector_index(name, inner)
    except HelloTutorError as error:
        if place == wished_place():
            raise
        return AbsentIndex(place, error.message)


def _find_missing(name: str) -> str:
    """Return what the settings lack to reach an index of that name; empty where nothing."""
    chosen = get_settings()
    if name == "pgvector" and not chosen.vectors_url.startswith("postgres"):
        return "set PGVECTOR_URL"
    if name == "pinecone" and not chosen.pinecone_api_key:
        return "set PINECONE_API_KEY"
    return "" if name in ("local", "pgvector", "pinecone") else "a later release of HelloTutor made them"


def make_vector_index(name: str, inner: str = "") -> VectorIndex:
    """Return an index by its name in VECTOR_INDEX.

    Args:
        name: of the adapter.
        inner: which of several in one place: the index at Pinecone; that of the settings where left out.

    Raises:
        Invalid: what it needs isn't installed (`missing_extra`).
    """
    chosen = get_settings()
    if name == "pgvector":
        from hellotutor.retrieval.pgvector.index import PgvectorConfig, PgvectorIndex

        return PgvectorIndex(PgvectorConfig(url=chosen.vectors_url))
    if name == "pinecone":
        from hellotutor.retrieval.pinecone.index import PineconeConfig, PineconeIndex

        return PineconeIndex(
            PineconeConfig(
                api_key=chosen.pinecone_api_key,
                index=inner or chosen.pinecone_index,
                cloud=chosen.pinecone_cloud,
                region=chosen.pinecone_region,
                host=chosen.pinecone_host,
            )
        )
    return LocalVectorIndex(storages["default"], cache_bytes=half_of_the_cache())


def half_of_the_cache() -> int:
    """Return the bytes of memory that words, and vectors, may keep."""
    return get_settings().index_cache_mb << 19
