"""Tokens and sign-in links: shown once, kept as digests, and ended when they should be."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hellotutor.accounts.models import ApiToken, SignInLink, User
from hellotutor.accounts.tokens import create_sign_in_link, create_token, find_token, use_sign_in_link
from hellotutor.core import clock
from hellotutor.core.errors import Invalid

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> User:
    return User.objects.create_user("ada@example.org")


def test_a_token_opens_its_owners_data_and_its_text_is_kept_nowhere(ada: User) -> None:
    token, text = create_token(owner=ada, name="notebook")
    assert find_token(text) == token
    assert text not in repr(ApiToken.objects.values())
    assert text.startswith(token.prefix)


def test_the_last_use_of_a_token_is_kept(ada: User) -> None:
    _, text = create_token(owner=ada, name="notebook")
    used = find_token(text)
    assert used is not None
    assert used.last_used_at is not None


def test_a_token_that_has_ended_opens_nothing(ada: User) -> None:
    token, text = create_token(owner=ada, name="notebook", expires_at=clock.now() + timedelta(days=1))
    ApiToken.objects.update(expires_at=clock.now() - timedelta(seconds=1))
    assert find_token(text) is None
    token.delete()
    assert find_token(text) is None


def test_a_token_of_somebody_who_may_no_longer_sign_in_opens_nothing(ada: User) -> None:
    _, text = create_token(owner=ada, name="notebook")
    User.objects.update(is_active=False)
    assert find_token(text) is None


@pytest.mark.parametrize("text", ["", "ht_", "ht_" + "a" * 43, "\ud800", "ä" * 10_000])
def test_no_other_text_is_a_token(ada: User, text: str) -> None:
    create_token(owner=ada, name="notebook")
    assert find_token(text) is None


def test_a_token_needs_a_name_and_a_future(ada: User) -> None:
    with pytest.raises(Invalid, match="name"):
        create_token(owner=ada, name="  ")
    with pytest.raises(Invalid, match="expired"):
        create_token(owner=ada, name="notebook", expires_at=clock.now())


def test_a_sign_in_link_works_once(ada: User) -> None:
    text = create_sign_in_link(user=ada)
    assert text not in repr(SignInLink.objects.values())
    assert use_sign_in_link(text) == ada
    with pytest.raises(Invalid, match="has been used"):
        use_sign_in_link(text)


def test_a_new_link_ends_the_one_before(ada: User) -> None:
    first, second = create_sign_in_link(user=ada), create_sign_in_link(user=ada)
    with pytest.raises(Invalid):
        use_sign_in_link(first)
    assert use_sign_in_link(second) == ada


def test_a_link_ends_after_a_day_and_with_its_user(ada: User) -> None:
    text = create_sign_in_link(user=ada)
    SignInLink.objects.update(expires_at=clock.now())
    with pytest.raises(Invalid):
        use_sign_in_link(text)
    text = create_sign_in_link(user=ada)
    User.objects.update(is_active=False)
    with pytest.raises(Invalid):
        use_sign_in_link(text)
