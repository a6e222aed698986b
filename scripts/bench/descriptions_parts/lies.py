"""False and true sentences about a product, made systematically, in English and Chinese.

In: a product's record and facts. Out: sentences with the kind of lie each tells. A lie is only
planted where it is false for sure: the word said is in none of the product's texts. This shares no
word list and no code with the verifier.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

from kg.records import Fact, Product

COLOURS = {
    "red": "红色", "blue": "蓝色", "green": "绿色", "yellow": "黄色", "purple": "紫色",
    "pink": "粉色", "orange": "橙色", "turquoise": "青绿色", "maroon": "褐红色", "beige": "米色",
}  # fmt: skip
MATERIALS = {
    "leather": "皮革", "marble": "大理石", "bamboo": "竹", "silk": "丝绸", "titanium": "钛",
    "granite": "花岗岩", "wool": "羊毛", "cork": "软木", "crystal": "水晶", "velvet": "天鹅绒",
}  # fmt: skip
BRANDS = ["Bosch", "Zenith Labs", "Kestrel & Sons", "Samsung", "Ikea", "Norwood", "Acme Tools"]
FEATURES = {
    "It has Bluetooth.": "它带有蓝牙功能。",
    "It is solar powered.": "它采用太阳能供电。",
    "It comes with a remote control.": "它配有遥控器。",
    "It folds flat for storage.": "它可以折叠收纳。",
    "It includes a carrying handle.": "它带有提手。",
    "It is scented with lavender.": "它有薰衣草香味。",
    "It was invented in Switzerland.": "它产自瑞士。",
    "It works under water.": "它可以在水下使用。",
}
SUPERLATIVES = {
    "It is the best on the market.": "它是市场上最好的。",
    "It is better than every other one.": "它比其他产品更好。",
    "It is completely safe for babies.": "它对婴儿绝对安全。",
    "It comes with a lifetime guarantee.": "它享有终身保修。",
    "It is recommended by doctors.": "它由医生推荐。",
    "It prevents illness.": "它能预防疾病。",
    "It is of premium quality.": "它品质上乘。",
    "It is FDA approved.": "它通过FDA认证。",
}
DENIALS = {
    "It is not {name}.": "它不是{name}的。",
    "It is made without {name}.": "它不含{name}。",
    "It contains no {name}.": "它没有{name}。",
}


def own_words(product: Product) -> str:
    """Every text of a product, folded."""
    texts = [t.title + " " + t.description for t in product.texts().values()]
    values = [v for values in product.attributes.values() for v in values]
    said = [*texts, *values, *product.categories, product.brand or ""]
    return " ".join(said).casefold()


def lies(
    product: Product, facts: list[Fact], names: dict[str, dict[str, str]], rng: random.Random
) -> Iterator[tuple[str, str, str]]:
    """(kind, language, sentence): one lie of each kind and language."""
    said = own_words(product)
    stated = {name.casefold() for labels in names.values() for name in labels.values()}

    def free(table: dict[str, str]) -> tuple[str, str]:
        fit = [(e, z) for e, z in table.items()
               if e not in said and z not in said and not {e, z} & stated]  # fmt: skip
        return rng.choice(fit or list(table.items()))

    colour, material = free(COLOURS), free(MATERIALS)
    yield "colour", "en", f"It is {colour[0]}."
    yield "colour", "zh", f"它是{colour[1]}的。"
    yield "material", "en", f"It is made of {material[0]}."
    yield "material", "zh", f"它由{material[1]}制成。"
    brand = rng.choice([b for b in BRANDS if b.casefold() not in said])
    yield "brand", "en", f"It is by {brand}."
    yield "brand", "zh", f"它是{brand}品牌的。"
    number = rng.choice([n for n in range(13, 99) if not re.search(rf"\b{n}\b", said)])
    yield "number", "en", f"It comes as {number} pieces."
    yield "number", "zh", f"每份含{number}件。"
    yield from _wrong_unit(product, number)
    yield from _denied(facts, names, rng)
    yield from _mutated(product, said, rng)
    for kind, table in (("superlative", SUPERLATIVES), ("feature", FEATURES)):
        english, chinese = rng.choice(list(table.items()))
        yield kind, "en", english
        yield kind, "zh", chinese


def _mutated(product: Product, said: str, rng: random.Random) -> Iterator[tuple[str, str, str]]:
    """The shop's own sentences with one thing changed: the hardest lies, since all else is true."""
    if product.language != "en":
        return
    own = re.findall(r"[A-Z][^.!?\n]{20,160}\.(?=\s|$)", product.description)
    numbers = [s for s in own if re.search(r"(?<![\w.])\d{1,3}(?![\w.])", s)]
    if numbers:
        other = str(rng.choice([n for n in range(201, 999) if str(n) not in said]))
        sentence = rng.choice(numbers)
        changed = re.sub(r"(?<![\w.])\d{1,3}(?![\w.])", other, sentence, count=1)
        yield "own sentence, number changed", "en", changed
    denying = [s for s in own if re.search(r"\b(not|no|without|never)\b", s)]
    if denying:
        sentence = rng.choice(denying)
        yield (
            "own sentence, denial dropped",
            "en",
            re.sub(r"\b(not|no|without|never) ", "", sentence, count=1),
        )
    plain = [s for s in own if re.search(r"\b(is|are) [a-z]", s) and s not in denying]
    if plain:
        sentence = rng.choice(plain)
        yield "own sentence, denied", "en", re.sub(r"\b(is|are) ", r"\1 not ", sentence, count=1)
    if own:
        sentence = rng.choice(own)[:-1]
        extra = rng.choice([w for w in ("dishwasher", "wireless", "rechargeable", "magnetic")
                            if w not in said])  # fmt: skip
        yield "own sentence, feature added", "en", f"{sentence} and {extra}."
        yield "own sentence, praise added", "en", f"The finest: {sentence}."


def _wrong_unit(product: Product, number: int) -> Iterator[tuple[str, str, str]]:
    """A number the product has, in another unit; else a size it has not."""
    match = re.search(r"(\d+(?:\.\d+)?)\s?(mm|cm|ml|kg|g|inch)\b", product.title)
    value, unit = (match[1], match[2]) if match else (str(number), "m")
    other = {"mm": "m", "cm": "m", "ml": "l", "kg": "mg", "g": "kg", "inch": "m", "m": "kg"}[unit]
    chinese = {"m": "米", "l": "升", "mg": "毫克", "kg": "公斤"}[other]
    yield "unit", "en", f"It is {value} {other}."
    yield "unit", "zh", f"它规格为{value}{chinese}。"


def _denied(
    facts: list[Fact], names: dict[str, dict[str, str]], rng: random.Random
) -> Iterator[tuple[str, str, str]]:
    """What the product has, denied."""
    told = [
        f for f in facts if f.relation in ("schema:material", "schema:color", "clew:productType")
    ]
    if not told:
        return
    fact = rng.choice(told)
    english, chinese = rng.choice(list(DENIALS.items()))
    labels = names[fact.object]
    if "en" in labels:
        yield "negation", "en", english.format(name=labels["en"])
    if "zh" in labels:
        yield "negation", "zh", chinese.format(name=labels["zh"])


def truths(
    product: Product, facts: list[Fact], names: dict[str, dict[str, str]]
) -> Iterator[tuple[str, str, str]]:
    """(kind, language, sentence): what is true, said in ways the template does not say it."""
    ways = {
        "schema:color": ("The colour is {}.", "颜色是{}。"),
        "schema:material": ("It is a product of {}.", "采用{}材质制作。"),
        "schema:brand": ("{} is the brand.", "品牌为{}。"),
        "clew:productType": ("You are looking at a {}.", "这是一款{}。"),
        "clew:size": ("Size: {}.", "尺寸为{}。"),
        "clew:packSize": ("The pack has {}.", "包装内含{}。"),
        "clew:usedFor": ("Use it for {}.", "可用于{}。"),
        "clew:motif": ("Here you see a {} motif.", "图案为{}。"),
    }
    for fact in facts:
        if fact.relation not in ways:
            continue
        for language, way in zip(("en", "zh"), ways[fact.relation], strict=True):
            name = names[fact.object].get(language) or names[fact.object].get("")
            if name:
                yield fact.relation, language, way.format(name)
    for sentence in re.findall(r"[A-Z][^.!?]{15,160}\.(?=\s|$)", product.description)[:2]:
        if product.language == "en":
            yield "own sentence", "en", sentence
