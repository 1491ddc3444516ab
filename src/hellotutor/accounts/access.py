"""The one place that decides what a user may read; lending a document to a class would be a change here only."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self, TypeVar

from django.db import models

if TYPE_CHECKING:
    from .models import User

_Row = TypeVar("_Row", bound=models.Model)


class OwnedQuerySet(models.QuerySet[_Row]):
    """Rows that belong to somebody.

    Attributes:
        owner_path: the lookup from the row to its owner.
    """

    owner_path: ClassVar[str] = "owner"

    def for_user(self, user: User) -> Self:
        """Keep what `user` may read."""
        return self.filter(**{self.owner_path: user})
