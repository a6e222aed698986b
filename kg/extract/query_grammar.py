"""How shoppers put a search, by language: grammar, where the ontology has vocabulary.

A pattern may have a group ``about``: the words that name what is compared, replaced or completed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from spacy.lang.en.stop_words import STOP_WORDS

from kg.extract.query_terms import Intent

__all__ = ["GRAMMARS", "Grammar"]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


@dataclass(frozen=True)
class Grammar:
    """What searches of one language are read by."""

    intents: tuple[tuple[Intent, re.Pattern[str]], ...]  # the first that fits decides
    cheap: re.Pattern[str]
    in_stock: re.Pattern[str]
    denies: re.Pattern[str]  # what follows is refused
    denied_back: re.Pattern[str]  # what stands before is refused: sugar free
    denial_ends: re.Pattern[str]  # where a refusal ends
    splits: frozenset[str]  # words between two things refused each by itself: or
    looks_around: re.Pattern[str]  # browsing, whatever is named beside no kind of product
    news: re.Pattern[str]  # browsing, and no name of anything
    passed_over: frozenset[str]  # words that ask for nothing


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


_ABOUT: Final = r"(?P<about>.+?)(?=\s(?:but|in|under|below|without|that)\b|,|$)"
_PERSON: Final = (
    r"(?:mum|mom|mam|mother|dad|father|gran|granny|grandma|grandad|grandpa|nan|nana|wife|husband|"
    r"sister|brother|son|daughter|niece|nephew|aunt|auntie|uncle|friend|mate|boss|colleague|"
    r"coworker|teacher|girlfriend|boyfriend|partner|neighbour|neighbor|someone|somebody|him|her|"
    r"hostess|host)s?\b"
)
_GIFT_THINGS: Final = r"(?:bags?|tags?|boxe?s?|wrap\w*|cards?|sets?|tins?|paper|ribbons?)\b"

_ENGLISH: Final = Grammar(
    intents=(
        (
            "compare",
            _any(
                r"\bvs\b\.?|\bversus\b|\bcompar(?:e|ed|ing|ison)\b(?:\s(?:to|with|of|between))?",
                r"\bdifferences?\s(?:between|of)\b|\bwhich(?:\s\w+)?\s(?:is|are)\b.*?\b\w+er\b",
                r"\bwhich\b(?=.*\bor\b)|\bor\b(?=[^?]*\?\s*$)",
            ),
        ),
        (
            "substitute",
            _any(
                r"\b(?:alternatives?|substitutes?|replacements?|dupes?|swaps?)\s(?:to|for|of)"
                rf"\s{_ABOUT}"
            ),
        ),
        ("substitute", _any(rf"\b(?:instead|in\splace)\sof\s{_ABOUT}")),
        ("substitute", _any(rf"\b(?:replaces?|replacing)\s{_ABOUT}")),
        (
            "substitute",
            _any(
                rf"\b(?:similar|equivalent|close|comparable)\sto\s{_ABOUT}",
            ),
        ),
        ("substitute", _any(rf"\b(?:versions?|copy|copies|kinds?)\sof\s{_ABOUT}")),
        (
            "substitute",
            _any(
                r"(?:^|\b(?:something|anything|things?|stuff|ones?|more|looks?|just|items?|products?)"
                rf"\s)(?<!would\s)like\s{_ABOUT}",
            ),
        ),
        (
            "complement",
            _any(
                rf"\b(?:to\s)?(?:goes|go|going|pairs?|paired|worn|works?)\s(?:well\s)?with\s{_ABOUT}"
            ),
        ),
        ("complement", _any(rf"\bmatching\b(?=.*?\bfor\s{_ABOUT})")),
        (
            "complement",
            _any(rf"\b(?:(?:to|that|which)\s)?match(?:es|ing)?(?:\swith|\sto)?\s{_ABOUT}"),
        ),
        (
            "complement",
            _any(
                r"\b(?:accessor(?:y|ies)|add-?ons?|extras?|refills?|spares?|spare\sparts?|parts?)"
                rf"\s(?:for|to)\s{_ABOUT}"
            ),
        ),
        (
            "complement",
            _any(rf"\b(?:compatible\swith|(?:that|to|which)\sfits?|fits)\s{_ABOUT}"),
        ),
        (
            "gift",
            _any(
                rf"\b(?:gifts?|presents?|pressies?)\b(?!\s{_GIFT_THINGS})(?:\s?ideas?)?(?:\sfor\b)?",
                r"\bsecret\ssanta\b|\bwhat\s(?:to|can\si|should\si|do\si)\s(?:get|buy|give)\b",
                rf"\b(?:ideas?|something(?:\s\w+)?)\sfor\s(?:my\s|our\s|a\s|an\s)?(?={_PERSON})",
                rf"\bfor\s(?:my|our)\s(?={_PERSON})",
            ),
        ),
    ),
    cheap=_any(
        r"\b(?:cheap(?:er|est|ish)?|inexpensive|affordable|bargains?|low[\s-](?:cost|priced?))\b",
        r"\b(?:on\sa\s)?(?:budget|tight\sbudget)\b|\bless\s(?:expensive|pricey|money)\b",
        r"\bnot\s(?:(?:so|too|very|that|as)\s)?(?:expensive|dear|pricey|costly)\b",
    ),
    in_stock=_any(r"\b(?:in\sstock|available(?:\s(?:now|today))?)\b"),
    denies=_any(
        r"\b(?:(?:that|which)\s)?(?:is|are|do|does)\s?(?:not|n['’]?t)\b(?:\s(?:have|contain|include|use)\b)?",
        r"\b(?:that\s)?(?:isn|aren|don|doesn)['’]?t\b(?:\s(?:have|contain|include|use)\b)?",
        r"\b(?:anything|everything|all)\sbut\b|\b(?:other|apart)\s(?:than|from)\b",
        r"\b(?:not|no|without|w/o|except(?:\sfor)?|excluding|exclude|minus|never|sans|nothing)\b"
        r"(?:\s(?:by|from|made\sof|made\sfrom|in|with|the|any)\b)*",
        r"\bnon[\s-]|\bfree\s(?:from|of)\b",
    ),
    denied_back=_any(r"[\s-]free\b(?!\sstanding)(?!\s(?:from|of))"),
    denial_ends=_any(r"[,;.!?]|\b(?:but|under|over|with|for|please|and\swith|below|less)\b"),
    splits=_words("or nor and & /"),
    looks_around=_any(
        r"\b(?:things?|stuff|ideas?|anything|everything|whatever|range|collection|show|browse|"
        r"looking|what['’]?s|what|best\s?sellers?|popular|trending|new|latest|inspiration|themed?)\b"
    ),
    news=_any(r"\bnew\s(?:arrivals?|in)\b|\bwhat['’]?s\s(?:new|on)\b|\bjust\slooking\b"),
    passed_over=frozenset(STOP_WORDS)
    | _words(
        "buy need want wanted looking search shop store shops stores sale online product products "
        "item items thing things stuff idea ideas please nice lovely good great best better brand "
        "range collection style styled themed theme design print printed pattern type kind kinds "
        "pattern patterns colour color coloured colored year years old size gift gifts present "
        "presents who loves love likes like dont don't dont's wants the new latest arrivals "
        "whats what's popular trending bestsellers bestseller sellers ones quality pretty cool "
        "similar goods sell look browse x & and - , . ; : ! ? / ( ) \" ' +"
    ),
)

_ZH_STOP: Final = r"(?=的|[,，。;；!！?？\s]|但|$)"

_CHINESE: Final = Grammar(
    intents=(
        (
            "compare",
            _any(r"哪个(?:更?好用?|更?划算|更?实用)?|哪种(?:更?好)?|对比|比较|区别|还是|相比"),
        ),
        ("substitute", _any(rf"(?:代替|替代|取代|替换)(?:掉)?(?P<about>.+?){_ZH_STOP}")),
        ("substitute", _any(r"(?:和|跟|与|像)(?P<about>.+?)(?:类似|差不多|相似|一样|相近)(?:的)?")),
        ("substitute", _any(r"(?:类似于?|像)(?P<about>.+?)(?=的|[,，。\s]|$)")),
        ("complement", _any(r"(?:和|跟|与)(?P<about>.+?)(?:配套|搭配|成套|相配|一起用)(?:的)?")),
        ("complement", _any(rf"(?:搭配|配套|适配|搭)(?P<about>.+?){_ZH_STOP}")),
        ("complement", _any(r"(?P<about>[^\s,，]+?)的?(?:配件|替换芯|补充装)")),
        ("gift", _any(r"礼物|礼品|送礼|送给?(?=.)|送人")),
    ),
    cheap=_any(r"便宜(?:一?点儿?|些)?|实惠|平价|划算|低价|(?:不要?|别)太?贵"),
    in_stock=_any(r"有货|现货"),
    denies=_any(r"不要|不含|不带|不是|别要|(?<!有)没有|非|无(?!线)|除了?|除去|排除"),
    denied_back=_any(r"(?!)"),
    denial_ends=_any(r"[的,，。;；!！?？\s]|以外|之外|外|但"),
    splits=_words("和 或 与 、 或者 及"),
    looks_around=_any(r"看看|随便|有什么|推荐|热门|新品|逛"),
    news=_any(r"新品|新到|随便看看"),
    passed_over=_words(
        "的 了 和 与 及 或 有 没有 有没有 我 我们 想 要 想要 买 找 个 一个 一些 些 请 给 吗 呢 吧 "
        "什么 东西 商品 产品 适合 用 用的 可以 能 看看 看 随便 推荐 哪里 哪个 图案 款 风格 装 "
        "送 送给 一点 一点儿 点 以外 之外 外 能不能 有 是 在 里 这 那 把 被 比较 更 好 好用 "
        "装饰品 类 热门 新品 礼物 礼品 色 大 小 "
        ", ， 。 、 ; ； ! ！ ? ？ ( ) （ ） - 只 "
    ),
)

GRAMMARS: Final[Mapping[str, Grammar]] = {"en": _ENGLISH, "zh": _CHINESE}
"""Grammars by language; a search in another is read by the ontology's labels alone."""
