"""`hellotutor link`: a new one-time sign-in link."""

from __future__ import annotations

from typing import Annotated

import typer

from hellotutor.accounts.models import User
from hellotutor.accounts.tokens import create_sign_in_link
from hellotutor.config.settings import get_settings
from hellotutor.core.errors import NotFound

from .console import note
from .learner import LOCAL_EMAIL, local_user
from .serving import list_services

_USUAL_URL = "http://localhost:8000"


def link(
    email: Annotated[str, typer.Argument(metavar="[EMAIL]", help="Whom it signs in.")] = LOCAL_EMAIL,
    url: Annotated[str, typer.Option(help="Where the service runs; found out by default.")] = "",
) -> None:
    """Print a link that signs in, once, within a day; the links before it end."""
    user = find_user(email)
    typer.echo(f"{(url or _find_service()).rstrip('/')}/sign-in/{create_sign_in_link(user=user)}/")


def _find_service() -> str:
    if get_settings().public_url:
        return get_settings().public_url
    services = list_services()
    if services:
        return services[0]
    note(f"▸ No service runs over {get_settings().data_dir}: the link is for {_USUAL_URL} (another address: --url).")
    return _USUAL_URL


def find_user(email: str) -> User:
    """Return the user with this address.

    Raises:
        NotFound: there is none (`no_user`).
    """
    local_user()
    try:
        return User.objects.get_by_natural_key(email)
    except User.DoesNotExist as error:
        raise NotFound("no_user", f"There is no user {email}: the one of this machine is {LOCAL_EMAIL}.") from error
