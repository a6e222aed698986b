"""An independent rule: what in a text nothing about its product supports.

Plain lists and patterns, written apart from the verifier and sharing no code with it. The words of
the product's texts and the names of its facts are allowed; a number, a capitalised name, a colour,
a material, praise, or a denial that is not among them is counted. It is blunt: it looks for words,
not meanings.
"""

from __future__ import annotations

import re
import unicodedata


def _words(text: str) -> list[str]:
    return text.split()


COLOURS = [
    "red",
    "blue",
    "green",
    "yellow",
    "purple",
    "pink",
    "orange",
    "turquoise",
    "maroon",
    "beige",
    "black",
    "white",
    "grey",
    "gray",
    "brown",
    "gold",
    "golden",
    "silver",
    "cream",
    "ivory",
    "navy",
    "teal",
    "lilac",
    "lavender",
    "magenta",
    "cyan",
    "coral",
    "bronze",
    "copper",
    "khaki",
    "crimson",
    "scarlet",
    "burgundy",
    "amber",
    "charcoal",
]
MATERIALS = [
    "leather",
    "marble",
    "bamboo",
    "silk",
    "titanium",
    "granite",
    "wool",
    "cork",
    "crystal",
    "velvet",
    "plastic",
    "metal",
    "wood",
    "wooden",
    "steel",
    "aluminum",
    "aluminium",
    "glass",
    "ceramic",
    "porcelain",
    "stoneware",
    "earthenware",
    "cotton",
    "linen",
    "nylon",
    "polyester",
    "rubber",
    "latex",
    "nitrile",
    "vinyl",
    "silicone",
    "brass",
    "iron",
    "copper",
    "bronze",
    "paper",
    "cardboard",
    "acrylic",
    "polypropylene",
    "polycarbonate",
    "polyethylene",
    "pvc",
    "abs",
    "petg",
    "felt",
    "denim",
]
PRAISE = [
    "best",
    "better",
    "perfect",
    "ideal",
    "excellent",
    "amazing",
    "premium",
    "luxury",
    "unique",
    "great",
    "beautiful",
    "lovely",
    "stunning",
    "superior",
    "ultimate",
    "safe",
    "safest",
    "healthy",
    "guarantee",
    "guaranteed",
    "warranty",
    "approved",
    "certified",
    "proven",
    "strongest",
    "finest",
    "top",
    "quality",
    "durable",
    "reliable",
    "everlasting",
    "waterproof",
]
DENIAL = ["no", "not", "without", "never", "free", "none"]
CHINESE = [
    "红",
    "蓝",
    "绿",
    "黄",
    "紫",
    "粉",
    "橙",
    "黑",
    "白",
    "灰",
    "棕",
    "金",
    "银",
    "皮革",
    "大理石",
    "竹",
    "丝绸",
    "钛",
    "塑料",
    "金属",
    "木",
    "钢",
    "铝",
    "玻璃",
    "陶瓷",
    "瓷",
    "棉",
    "麻",
    "尼龙",
    "橡胶",
    "乳胶",
    "硅胶",
    "铜",
    "铁",
    "纸",
    "最",
    "更",
    "安全",
    "保证",
    "保修",
    "完美",
    "优质",
    "高级",
    "认证",
    "不",
    "无",
    "没",
]


def unsupported(text: str, allowed: str) -> list[str]:
    """Words of a text that its product's texts and facts do not hold.

    Args:
        text: what was written.
        allowed: everything the product's record and facts say, in every language.
    """
    text, allowed = _fold(text), _fold(allowed)
    known = set(re.findall(r"[a-z]+", allowed.casefold()))
    found = [
        number
        for number in re.findall(r"\d+(?:[.,/]\d+)*", text)
        if not re.search(rf"(?<!\d)(?<!\d[.]){re.escape(number)}(?![\d]|\.\d)", allowed)
    ]
    for word in re.findall(r"[A-Za-z]+", text):
        low = word.casefold()
        listed = low in COLOURS or low in MATERIALS or low in PRAISE or low in DENIAL
        if listed and not _near(low, known):
            found.append(word)
    found += [
        name
        for name in re.findall(r"(?<![.!?:\n“]\s)(?<!^)(?<!“)\b[A-Z][A-Za-z]+", text)
        if not _near(name.casefold(), known)
    ]
    found += [sign for sign in CHINESE if sign in text and sign not in allowed]
    return found


def _near(word: str, known: set[str]) -> bool:
    forms = {word, word + "s", word.removesuffix("s"), word.removesuffix("en"), word + "en"}
    return bool(forms & known)


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKC", text)
