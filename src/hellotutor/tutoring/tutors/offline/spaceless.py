"""What replies need to know of scripts without spaces between words: Chinese, Japanese, Thai and their like."""

from __future__ import annotations

import re

_LETTER = r"[\u0e01-\u0eff\u1000-\u109f\u1780-\u17d3\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]"
_LETTERS = re.compile(_LETTER)
_LETTERS_A_WORD = 2
# Question words, particles and the like say nothing of a question's subject; of Japanese, whatever is in hiragana.
_FUNCTION_WORDS = re.compile(
    r"[\u3041-\u309f]+|什么|怎么|怎样|多少|哪里|哪些|为什么|是否|请问|[谁的了是在哪吗呢吧和与几何为由被着有]"
    r"|คืออะไร|อะไร|เท่าไร|เท่าใด|เท่าไหร่|ใคร|ที่ไหน|เมื่อไร|เมื่อไหร่|อย่างไร|ทำไม|คือ|เป็น|และ|ของ|ที่|ใน|ด้วย"
)


def is_spaceless(text: str) -> bool:
    """Say whether more of a text is written without spaces between words than with them."""
    letters = len(_LETTERS.findall(text))
    return letters > sum(c.isalpha() for c in text) - letters


def count_words(text: str) -> int:
    """Return about how many words a text has; two letters of a script without spaces are taken for one."""
    return len(_LETTERS.sub(" ", text).split()) + len(_LETTERS.findall(text)) // _LETTERS_A_WORD


def leave_out_function_words(text: str) -> str:
    """Return a text in which spaces stand for the words, of these scripts, that carry no content."""
    return _FUNCTION_WORDS.sub(" ", text)
