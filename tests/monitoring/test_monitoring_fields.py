from __future__ import annotations

import re
import uuid

import pytest

from hellotutor.monitoring.fields import FIELD_KINDS, protect

HASHED = re.compile(r"\[withheld [0-9a-f]{16}, \d+ characters\]")


def _sent(name: str, value: object, *, include_text: bool = False, hash_key: bytes = b"k") -> object:
    return protect(name, value, hash_key=hash_key, include_text=include_text)


def test_a_private_text_is_a_hash_and_a_length() -> None:
    assert HASHED.fullmatch(str(_sent("query_snippet", "why")))
    assert str(_sent("query_snippet", "why")).endswith("3 characters]")


def test_the_same_text_has_the_same_hash_under_one_key_only() -> None:
    assert _sent("filename", "a.pdf") == _sent("filename", "a.pdf")
    assert _sent("filename", "a.pdf") != _sent("filename", "b.pdf")
    assert _sent("filename", "a.pdf") != _sent("filename", "a.pdf", hash_key=b"other")


@pytest.mark.parametrize(("name", "ending"), [("a.PDF", "].pdf"), ("notes.annas-secret", "]"), ("none", "]")])
def test_only_a_well_known_extension_is_told(name: str, ending: str) -> None:
    assert str(_sent("filename", name)).endswith(ending)


@pytest.mark.parametrize(
    ("key", "folders"), [("ab12" * 8 + "/" + "cd34" * 16, 1), ("anna/" + "cd34" * 16, 0), ("x", 0)]
)
def test_of_an_objects_name_the_opaque_folders_stay_and_the_last_part_never_does(key: str, folders: int) -> None:
    sent = str(_sent("s3_key", key))
    assert sent.split("/")[:-1] == key.split("/")[:folders]
    assert key.rsplit("/", 1)[-1] not in sent


@pytest.mark.parametrize("value", [17, "17", "anna@example.org", "anna", ""])
def test_a_user_is_told_by_a_uuid_or_not_at_all(value: object) -> None:
    assert HASHED.fullmatch(str(_sent("user_id", value)))
    public_id = uuid.uuid4()
    assert _sent("user_id", public_id) == str(public_id)


@pytest.mark.parametrize("name", ["index", "command", "error_type"])
def test_a_word_that_is_no_word_of_ours_is_withheld(name: str) -> None:
    assert _sent(name, "local") == "local"
    for value in ("two words", "sk-" + "abcdefghijklmnop", "x" * 65, "a@b.example"):
        assert HASHED.fullmatch(str(_sent(name, value)))


def test_texts_are_redacted_before_they_are_cut() -> None:
    key = "AIza" + "SyD4n0t0U5e7hi5K3yAnywhere_0123456789"
    for limit, name in ((100, "query_snippet"), (500, "response_body")):
        sent = str(_sent(name, "x" * (limit - 9) + " " + key, include_text=True))
        assert len(sent) <= limit
        assert "AIza" not in sent


@pytest.mark.parametrize("name", sorted(FIELD_KINDS))
def test_no_value_of_any_kind_stops_a_capture(name: str) -> None:
    for value in (object(), b"\xff", "", [], {"a": 1}, float("nan"), "\ud800"):
        assert isinstance(_sent(name, value), (str, int, float))
        assert isinstance(_sent(name, value, include_text=True), (str, int, float))
