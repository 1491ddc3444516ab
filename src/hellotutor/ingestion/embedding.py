"""Putting the passages of a version into an index, on from the last batch there: for workers and for a reindex."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from dataclasses import dataclass

from hellotutor.accounts.auth import get_tenant_tag
from hellotutor.documents.models import DocumentVersion
from hellotutor.embeddings.base import Embedder
from hellotutor.monitoring import catalogue
from hellotutor.retrieval.base import VectorIndex
from hellotutor.retrieval.search import stamp_of

from .splitting import embedded_text

_PASSAGES = 128  # 3 s on 2 cores: what a process that dies has to do again
Stage = Callable[..., AbstractContextManager[None]]


@dataclass(frozen=True, slots=True)
class Embedding:
    """The work of embedding one version.

    Attributes:
        version: what is embedded, under a claim.
        index: where the vectors go.
        embedder: what makes them.
        stage: a context for each step, told the catalogue's row and its fields.
        check: raises where nothing may be written any more; asked before every batch is.
    """

    version: DocumentVersion
    index: VectorIndex
    embedder: Embedder
    stage: Stage
    check: Callable[[], None]

    def run(self) -> Generator[int]:
        """Embed the passages that have no vector yet; yield how many have one: first as found, then with each batch."""
        stamp = stamp_of(self.embedder)
        with self.stage(catalogue.INGEST_INITIALIZATION, index=self.index.name):
            self.index.prepare(stamp)
            done = self.index.count(**self._where, stamp=stamp)
        yield done
        # smaller after each death: what ends a process may be a batch that takes too much memory or time
        while texts := self._texts_from(done, max(1, _PASSAGES >> self.version.deaths)):
            with self.stage(catalogue.INGEST_EMBEDDING, chunk_count=len(texts)):
                vectors = self.embedder.embed(texts)
            with self.stage(catalogue.INGEST_UPSERT, vector_count=len(texts), index=self.index.name):
                self.check()
                self.index.upsert(**self._where, first_ordinal=done, vectors=vectors, stamp=stamp)
            done += len(texts)
            yield done

    def finish(self) -> None:
        """Let the index tidy up after the last vector."""
        with self.stage(catalogue.INGEST_UPSERT, vector_count=self.version.passages_read, index=self.index.name):
            self.check()
            self.index.finish(**self._where, stamp=stamp_of(self.embedder))

    @property
    def _where(self) -> dict[str, str]:
        return {"tenant": get_tenant_tag(self.version.owner.public_id), "version_id": str(self.version.public_id)}

    def _texts_from(self, ordinal: int, most: int) -> list[str]:
        """Return what is embedded of the passages from an ordinal on."""
        rows = self.version.passages.filter(ordinal__gte=ordinal).order_by("ordinal")
        return [embedded_text(path, text) for path, text in rows.values_list("heading_path", "text")[:most]]
