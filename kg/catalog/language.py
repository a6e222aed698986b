"""Which language a product's text is in, where nobody says.

Clew reads English and Chinese, and their scripts tell them apart: a text is Chinese if a fair
part of its letters are Han characters. That needs no model and cannot drift; a catalogue in two
languages of one script must declare the language of each product instead.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["detect_language", "han_share"]

HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
LATIN_WORD = re.compile(r"[^\W\d_]+")
CHINESE_FROM = 0.2  # share of Han: brand names and model numbers in Latin letters are usual


def han_share(text: str) -> float:
    """Han characters over letters, in [0, 1]; 0 for a text without letters."""
    letters = sum(len(word) for word in LATIN_WORD.findall(text))
    return len(HAN.findall(text)) / letters if letters else 0.0


def detect_language(text: str, declared: Sequence[str]) -> str:
    """ISO 639-1 code of ``text``: one of ``declared``, or en or zh where none is declared."""
    if len(declared) == 1:
        return declared[0]
    languages = declared or ("en", "zh")
    if "zh" in languages and not text.isascii() and han_share(text) >= CHINESE_FROM:
        return "zh"
    return next((code for code in languages if code != "zh"), languages[0])
