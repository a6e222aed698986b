"""The public sets of the language benchmark, read in place, as labelled texts.

In: the directory of shared data. Out: `Labelled` texts. Splits are drawn with fixed seeds: a dev
part of what may be trained on, to choose with, and the held-out part, looked at once.
"""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from kg.extract.labelled import Labelled
from kg.extract.weak_labels import places

Row = dict[str, Any]
T = TypeVar("T")

ATTRIBUTES = ("ae-110k", "oa-mine")
SEED = 7


class Parts(NamedTuple):
    """What to learn from and what to measure on."""

    train: list[Labelled]
    held_out: list[Labelled]


def queries(data: Path, *, dev: bool) -> Parts:
    """QueryNER: train and validation; with ``dev`` train alone, an eighth of it apart."""
    folder = data / "language" / "queries"
    train = [_spaced(rows) for rows in _columns(folder / "queryner.train.conll")]
    if dev:
        return _apart(train, 8)
    held_out = [_spaced(rows) for rows in _columns(folder / "queryner.validation.conll")]
    return Parts(train, held_out)


def chinese(data: Path, *, dev: bool) -> Parts:
    """Chinese product titles: train and dev; with ``dev`` train alone, an eighth of it apart."""
    folder = data / "language" / "zh"
    train = [_unspaced(rows) for rows in _columns(folder / "ecommerce_ner.train.bieos")]
    if dev:
        return _apart(train, 8)
    held_out = [_unspaced(rows) for rows in _columns(folder / "ecommerce_ner.dev.bieos")]
    return Parts(train, held_out)


def attribute_rows(data: Path, name: str, *, dev: bool) -> tuple[list[Row], list[Row]]:
    """AE-110K or OA-Mine: rows to learn from and a fifth held out; with ``dev`` of the former."""
    path = data / "language" / "attributes" / f"{name}.train.jsonl.gz"
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    train, held_out = _drawn(rows, 5, SEED)
    return _drawn(train, 5, SEED + 1) if dev else (train, held_out)


def attribute_text(row: Row) -> Labelled:
    """A title with each stated value where it stands, at every place it stands as words."""
    text = row["input"]
    spans = set()
    for attribute, values in row["target_scores"].items():
        for value in values:
            if value != "n/a":
                at = text.casefold().find(value.casefold())
                found = list(places(value, text)) or [(at, at + len(value))]
                spans |= {(*place, attribute) for place in found if at >= 0}
    return Labelled(text=text, spans=tuple(sorted(spans)), context=row["category"])


def _drawn(rows: list[T], parts: int, seed: int) -> tuple[list[T], list[T]]:
    rows = list(rows)
    random.Random(seed).shuffle(rows)
    count = len(rows) // parts
    return rows[count:], rows[:count]


def _apart(texts: list[Labelled], parts: int) -> Parts:
    return Parts(*_drawn(texts, parts, SEED))


def _columns(path: Path) -> Iterator[list[tuple[str, str]]]:
    """Texts of a file with a word and its tag on each line."""
    rows: list[tuple[str, str]] = []
    for line in [*path.read_text(encoding="utf-8").split("\n"), ""]:
        if line.strip():
            word, _, tag = line.rpartition("\t" if "\t" in line else " ")
            rows.append((word, tag))
        elif rows:
            yield rows
            rows = []


def _spaced(rows: list[tuple[str, str]]) -> Labelled:
    return _labelled(rows, " ", "en")


def _unspaced(rows: list[tuple[str, str]]) -> Labelled:
    return _labelled(rows, "", "zh")


def _labelled(rows: Iterable[tuple[str, str]], separator: str, language: str) -> Labelled:
    """Spans of BIO or BIEOS tags, as characters of the words joined."""
    text, spans, last = "", [], ""
    for word, tag in rows:
        start = len(text) + len(separator) * bool(text)
        text = f"{text}{separator}{word}" if text else word
        label = tag[2:]
        if tag != "O":
            if tag[0] in "BS" or label != last:
                spans.append((start, len(text), label))
            else:
                spans[-1] = (spans[-1][0], len(text), label)
        last = "" if tag[0] in "OES" else label
    return Labelled(text=text, spans=tuple(spans), language=language)
