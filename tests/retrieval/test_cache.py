from __future__ import annotations

from hellotutor.retrieval.cache import ByteCache


def test_what_was_unused_longest_makes_room() -> None:
    cache: ByteCache[str] = ByteCache(max_bytes=10)
    cache.put(("a",), "A", 4)
    cache.put(("b",), "B", 4)
    cache.get(("a",))
    cache.put(("c",), "C", 4)
    assert (cache.get(("a",)), cache.get(("b",)), cache.get(("c",))) == ("A", None, "C")
    assert cache.size_bytes == 8


def test_a_value_larger_than_the_cache_is_not_kept_and_pushes_nothing_out() -> None:
    cache: ByteCache[str] = ByteCache(max_bytes=10)
    cache.put(("a",), "A", 4)
    cache.put(("b",), "B", 11)
    assert (cache.get(("a",)), cache.get(("b",))) == ("A", None)


def test_putting_again_counts_once() -> None:
    cache: ByteCache[str] = ByteCache(max_bytes=10)
    for _ in range(5):
        cache.put(("a",), "A", 4)
    assert cache.size_bytes == 4


def test_dropping_forgets_what_starts_alike_and_nothing_else() -> None:
    cache: ByteCache[str] = ByteCache(max_bytes=10)
    for key in (("t", "v", "1"), ("t", "v", "2"), ("t", "w", "1")):
        cache.put(key, "x", 1)
    cache.drop(("t", "v"))
    assert cache.get(("t", "v", "1")) is cache.get(("t", "v", "2")) is None
    assert cache.get(("t", "w", "1")) == "x"
    assert cache.size_bytes == 1


def test_many_are_dropped_at_once() -> None:
    cache: ByteCache[str] = ByteCache(max_bytes=10)
    for key in (("t", "v", "1"), ("t", "w"), ("u", "v")):
        cache.put(key, "x", 1)
    cache.drop(("t", "v"), ("u", "v"))
    assert (cache.get(("t", "v", "1")), cache.get(("t", "w")), cache.get(("u", "v"))) == (None, "x", None)
