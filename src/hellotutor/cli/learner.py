"""The one learner of the command line, in a database that is up to date."""

from __future__ import annotations

from django.db import IntegrityError

from hellotutor.accounts.models import User
from hellotutor.config.settings import get_settings
from hellotutor.config.startup import migrate

from .console import note

LOCAL_EMAIL = "learner@localhost"


def local_user() -> User:
    """Return the one learner of the command line, with the database brought up to date."""
    if migrate():
        note(f"▸ Prepared the database in {get_settings().data_dir}.")
    try:
        return User.objects.get(email=LOCAL_EMAIL)
    except User.DoesNotExist:
        return _make_local_user()


def _make_local_user() -> User:
    try:
        return User.objects.create_user(LOCAL_EMAIL, name="Learner")
    except IntegrityError:  # another process made it meanwhile
        return User.objects.get(email=LOCAL_EMAIL)
