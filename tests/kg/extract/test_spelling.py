"""What is repaired, and what is left alone."""

import pytest

from kg.extract.spelling import Speller

SPELLER = Speller(
    {"christmas": 90, "lavender": 9, "umbrella": 3, "retrospot": 5, "rose": 8}, ["fiver"]
)


@pytest.mark.parametrize(
    ("word", "better"),
    [
        ("crismas", "christmas"),  # two slips in a long word
        ("lavendar", "lavender"),
        ("UMBRELA", "umbrella"),
        ("retrospt", "retrospot"),
        ("rosse", "rose"),
    ],
)
def test_repaired(word: str, better: str) -> None:
    assert SPELLER.repair(word) == better


@pytest.mark.parametrize(
    "word",
    [
        "retrospot",  # the shop's own
        "Rose",
        "hose",  # English
        "fiver",  # told to be right
        "ros",  # too short to tell
        "kd-0101",
        "红色",
        "zzzzqqqq",  # near nothing
        "xhristams",  # two slips, and the first letter is one of them
    ],
)
def test_left_alone(word: str) -> None:
    assert SPELLER.repair(word) is None
