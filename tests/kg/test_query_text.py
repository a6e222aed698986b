"""Answers as text in a table."""

from typing import Any

import pytest

from kg.query_text import value_text

MUG = {"label": "Product", "id": "product:1", "name": "mug", "name_en": "mug", "price": 2.5}
RED = {"label": "Colour", "id": "colour:red", "name": "red", "name_zh": "红", "price": None}
HAS = {"label": "HAS_COLOR", "confidence": 0.76, "start": "product:1", "end": "colour:red"}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (62.400000000000006, "62.4"),
        (279138.02, "279138.02"),
        (2.9841800643086813, "2.984"),
        (0.025545502927088876, "0.02555"),
        (0.0, "0"),
        (-12.0, "-12"),
        (3, "3"),
        (True, "True"),
        (["2011-W20", "2011-W21"], "2011-W20, 2011-W21"),
        ({"a": 1, "b": [1.0, 2.5], "c": None}, "{a: 1, b: 1, 2.5}"),
        (MUG, '(:Product product:1 "mug" {price: 2.5})'),
        (RED, '(:Colour colour:red "red")'),
        (HAS, "product:1 -[:HAS_COLOR {confidence: 0.76}]-> colour:red"),
        ({"label": "BOUGHT", "times": 2}, "[:BOUGHT {times: 2}]"),
        (
            {"nodes": [MUG, RED], "relationships": [HAS]},
            '(:Product product:1 "mug") -[:HAS_COLOR]-> (:Colour colour:red "red")',
        ),
        (
            {"nodes": [RED, MUG], "relationships": [HAS]},
            '(:Colour colour:red "red") <-[:HAS_COLOR]- (:Product product:1 "mug")',
        ),
        ({"nodes": [], "relationships": []}, ""),
    ],
)
def test_values_are_written_as_one_draws_them(value: Any, text: str) -> None:
    assert value_text(value) == text
