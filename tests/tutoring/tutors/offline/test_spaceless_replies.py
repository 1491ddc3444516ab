"""Replies from texts whose words aren't parted by spaces."""

from __future__ import annotations

import pytest
from tests.tutoring.tutors.offline.book import excerpt_of

from hellotutor.embeddings.base import Embedder, Vectors
from hellotutor.embeddings.hashing import HashingEmbedder
from hellotutor.tutoring.tutors.offline.replies import Replier

TEA = (
    "《茶经》由陆羽写成，是世界上第一部茶叶专著。陆羽生于唐代。茶树原产于中国西南部。绿茶是不经发酵的茶。"
    "红茶是全发酵的茶，在福建最早制成。"
)
MOUNTAIN = (
    "富士山は日本で最も高い山です。富士山の標高は3776メートルです。最後の噴火は1707年の宝永噴火でした。"
    "登山の季節は七月から九月までです。"
)
ELEPHANTS = "ช้างเอเชียกินหญ้าและใบไม้เป็นอาหาร แม่ช้างตั้งท้องนานประมาณยี่สิบสองเดือน"


class Misled(HashingEmbedder):
    """Bears the name of a model that these scripts say nothing to: every text is like every other."""

    name = "minilm/all-MiniLM-L6-v2"

    def _embed_batch(self, texts: list[str]) -> Vectors:  # type: ignore[override]
        return super()._embed_batch(["the same"] * len(texts))


@pytest.mark.parametrize("embedder", [None, Misled()])
@pytest.mark.parametrize(
    ("text", "question", "quoted"),
    [
        (TEA, "茶树原产于哪里？", "茶树原产于中国西南部。"),
        (TEA, "什么是绿茶？", "绿茶是不经发酵的茶。"),
        (TEA, "红茶最早在哪里制成？", "红茶是全发酵的茶"),
        (MOUNTAIN, "富士山の標高は何メートルですか？", "富士山の標高は3776メートルです。"),
        (MOUNTAIN, "登山の季節はいつですか？", "登山の季節は七月から九月までです。"),
        (ELEPHANTS, "แม่ช้างตั้งท้องนานเท่าไร", "แม่ช้างตั้งท้องนานประมาณยี่สิบสองเดือน"),
    ],
)
def test_it_quotes_what_answers(embedder: Embedder | None, text: str, question: str, quoted: str) -> None:
    reply = Replier(embedder).reply(question, excerpt_of(text))
    assert reply.grounded
    assert quoted in reply.citations[0].quote


@pytest.mark.parametrize("embedder", [None, Misled()])
@pytest.mark.parametrize(
    ("text", "question"),
    [
        (TEA, "谁是美国总统？"),
        (TEA, "光合作用在哪里进行？"),
        (MOUNTAIN, "光合成とは何ですか？"),
        (ELEPHANTS, "ใครเป็นประธานาธิบดีสหรัฐ"),
    ],
)
def test_it_refuses_what_is_not_there(embedder: Embedder | None, text: str, question: str) -> None:
    assert not Replier(embedder).reply(question, excerpt_of(text)).grounded
