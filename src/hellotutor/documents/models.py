"""Document → DocumentVersion → Page, Passage.

A document is what a person calls by its name; a version is one sequence of bytes, read once by one reader. Offsets
count code points of `Page.text`, the normalised text; `Page.raw_map` leads back to `Page.raw_text`.
"""

from __future__ import annotations

import uuid

from django.db import models

from hellotutor.accounts.access import OwnedQuerySet
from hellotutor.accounts.models import User
from hellotutor.core import clock
from hellotutor.core.text import raw_span


class Document(models.Model):
    """What a learner uploaded and calls by its title."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="documents")
    title = models.CharField(max_length=300)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    objects = OwnedQuerySet["Document"].as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return self.title

    @property
    def current_version(self) -> DocumentVersion:
        """The version that is studied, searched and shown; see `CURRENT_FIRST`."""
        return self.versions.order_by(*CURRENT_FIRST)[0]


class DocumentVersion(models.Model):
    """One sequence of bytes of a document, how far it has been ingested, and who works on that.

    Attributes:
        priority: versions with a higher one are ingested first.
        claim_token: raised by whoever takes the version over; a write under an older token is refused.
        claimed_by: the process that took it last; see `ingestion.holders`.
        claimed_at: when that was; later by the time that its owner has had more than others; see `ingestion.turns`.
        lease_until: until when it is that process's alone; None when it was handed back.
        attempts: how often work on it failed, since it last came further, in a way that may pass.
        deaths: how often whoever worked on it died of it, since it last came further.
        not_before: it isn't taken before this moment.
        characters_read: of its raw text, so far.
        working_s: seconds of work spent on it.
        wants_words: whether an earlier program indexed its words in a format that can't be searched any more.
    """

    class Status(models.TextChoices):
        """How far ingestion has come; `embedding` can be studied and searched by words already."""

        QUEUED = "queued"
        READING = "reading"
        EMBEDDING = "embedding"
        INDEXED = "indexed"
        FAILED = "failed"
        CANCELLED = "cancelled"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="versions")
    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")  # the document's, for the constraint
    number = models.PositiveIntegerField(default=1)
    sha256 = models.CharField(max_length=64)
    size_bytes = models.PositiveBigIntegerField()
    filename = models.CharField(max_length=255)
    storage_key = models.CharField(max_length=400)
    reader = models.CharField(max_length=60, blank=True)
    splitter = models.CharField(max_length=60, blank=True)
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.QUEUED)
    error_code = models.CharField(max_length=60, blank=True)
    error_message = models.TextField(blank=True)
    pages_total = models.PositiveIntegerField(null=True)
    pages_read = models.PositiveIntegerField(default=0)
    pages_damaged = models.PositiveIntegerField(default=0)
    passages_read = models.PositiveIntegerField(default=0)
    passages_embedded = models.PositiveIntegerField(default=0)
    characters_read = models.PositiveBigIntegerField(default=0)
    working_s = models.FloatField(default=0.0)
    wants_words = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    indexed_at = models.DateTimeField(null=True)
    priority = models.SmallIntegerField(default=0)
    claim_token = models.PositiveBigIntegerField(default=0)
    claimed_by = models.CharField(max_length=64, blank=True)
    claimed_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    deaths = models.PositiveSmallIntegerField(default=0)
    not_before = models.DateTimeField(null=True)

    objects = OwnedQuerySet["DocumentVersion"].as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["status"], name="version_status"),
            models.Index(fields=["owner", "-claimed_at"], name="version_turn"),
            models.Index(fields=["wants_words"], name="version_wants_words", condition=models.Q(wants_words=True)),
        ]
        constraints = [
            models.UniqueConstraint(fields=["document", "number"], name="version_number_unique"),
            models.UniqueConstraint(fields=["owner", "sha256"], name="version_bytes_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.public_id} ({self.status})"

    @property
    def is_read(self) -> bool:
        """Whether every page has been read."""
        return self.status in (self.Status.EMBEDDING, self.Status.INDEXED)

    @property
    def reading(self) -> str:
        """What tells one reading from another, as its bytes never change; empty until every page has been read."""
        return f"{self.reader} {self.splitter} {self.characters_read} {self.passages_read}" if self.is_read else ""


# Of a document's versions: the newest that has been read; until one has, the oldest that can be studied, so that a file
# sent in its place changes nothing before it has been read; until one can, the newest.
_WAS_READ = models.Q(status__in=(DocumentVersion.Status.EMBEDDING, DocumentVersion.Status.INDEXED))
_CAN_BE_STUDIED = models.Q(passages_read__gt=0)
CURRENT_FIRST = (
    models.Case(models.When(_WAS_READ, then=0), models.When(_CAN_BE_STUDIED, then=1), default=2),
    models.Case(models.When(~_WAS_READ & _CAN_BE_STUDIED, then=models.F("number")), default=-models.F("number")),
)


class Removal(models.Model):
    """Files of a version that are to go although their rows have gone, or never came: nothing is left behind.

    An upload makes one before it stores the bytes, and its rows take it away; a deletion makes one with the rows' end.

    Attributes:
        tenant: tag of the owner.
        version_id: public id of the version.
        storage_key: where the uploaded bytes lie.
        due_at: from when on the files may go.
        tries: how often removing them failed.
    """

    tenant = models.CharField(max_length=64)
    version_id = models.UUIDField()
    storage_key = models.CharField(max_length=400)
    due_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)

    def __str__(self) -> str:
        return f"removal of {self.version_id}"


class Page(models.Model):
    """A physical page, or a section of a format that has none.

    `number` is the 1-based physical page, null where the format has none; `label` is the number as printed.
    """

    version = models.ForeignKey(DocumentVersion, on_delete=models.CASCADE, related_name="pages")
    ordinal = models.PositiveIntegerField()
    number = models.PositiveIntegerField(null=True)
    label = models.CharField(max_length=60, blank=True)
    heading_path = models.JSONField(default=list)
    text = models.TextField()
    raw_text = models.TextField()
    raw_map = models.JSONField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version", "ordinal"], name="page_ordinal_unique")]

    def __str__(self) -> str:
        return f"page {self.ordinal} of version {self.version_id}"

    def raw_span(self, start: int, end: int) -> tuple[int, int]:
        """Return the offsets in `raw_text` of the span [start, end) of `text`."""
        return raw_span([tuple(item) for item in self.raw_map], start, end)


class Passage(models.Model):
    """A few whole sentences under one heading: the unit of retrieval and of evidence.

    It runs from `start` on `page` to `end` on `end_page`. `sentences` are the [start, end) offsets of its sentences in
    `text`; sentences of one page stand in that page's text letter for letter.
    """

    version = models.ForeignKey(DocumentVersion, on_delete=models.CASCADE, related_name="passages")
    ordinal = models.PositiveIntegerField()
    page = models.ForeignKey(Page, on_delete=models.CASCADE, related_name="passages")
    end_page = models.ForeignKey(Page, on_delete=models.CASCADE, related_name="+")
    start = models.PositiveIntegerField()
    end = models.PositiveIntegerField()
    heading_path = models.JSONField(default=list)
    text = models.TextField()
    sentences = models.JSONField(default=list)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version", "ordinal"], name="passage_ordinal_unique")]

    def __str__(self) -> str:
        return f"passage {self.ordinal} of version {self.version_id}"
