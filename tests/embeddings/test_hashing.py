from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np

from hellotutor.embeddings.hashing import HashingEmbedder


def test_the_passage_that_shares_words_ranks_first() -> None:
    passages = HashingEmbedder().embed(
        [
            "Mitochondria release energy from sugar in every cell.",
            "The Treaty of Versailles ended the war in 1919.",
            "Interest is the price of borrowed money.",
        ]
    )
    question = HashingEmbedder().embed(["Which part of the cell releases energy?"])[0]
    assert int(np.argmax(passages @ question)) == 0


def test_forms_of_a_word_are_near() -> None:
    one, other, third = HashingEmbedder().embed(["photosynthesis", "photosynthetic", "parliament"])
    assert one @ other > 0.2 > abs(one @ third)


def test_another_process_makes_the_same_vector() -> None:
    program = (
        "from hellotutor.embeddings.hashing import HashingEmbedder; "
        "print(HashingEmbedder().embed(['light and water'])[0].tobytes().hex())"
    )
    environment = {"PYTHONPATH": str(Path(__file__).parents[2] / "src"), "PYTHONHASHSEED": "123"}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, encoding="utf-8", check=True, env=environment
    )
    assert done.stdout.strip() == HashingEmbedder().embed(["light and water"])[0].tobytes().hex()
