"""How well titles are linked to the ontology, against 300 labelled by hand (docs/labelling.md).

In: ``tests/labelled/titles.jsonl``. Titles of the sample shop are in it; those of UCI Online Retail
are not, only their stock codes: they are looked up in the file of that data set, and left out, and
said to be, where it is missing. Out: precision and recall of the facts that the rules read in the
title alone, without what only follows from them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow.compute as pc
import pyarrow.parquet as pq

from kg.extract import Extractor
from kg.records import Mention, Product
from kg.schema import load_schema

LABELS = Path(__file__).parents[2] / "tests" / "labelled" / "titles.jsonl"
IMPLIED = "ontology"
"""Component of the mentions that `clew:implies` adds."""


class Label(NamedTuple):
    """Words of a title and the concepts that they may rightly be read as."""

    start: int
    end: int
    concepts: frozenset[str]
    needed: bool


class Judged(NamedTuple):
    """What was read in one title, against its labels."""

    title: str
    right: list[Mention]
    wrong: list[Mention]
    missed: list[Label]
    found: int  # labels that had to be read and were


def labelled_titles(shared: Path) -> list[tuple[Product, list[Label]]]:
    """Titles with their labels; those of Online Retail where ``shared`` has its file."""
    rows = [json.loads(line) for line in LABELS.read_text(encoding="utf-8").splitlines()]
    path = shared / "online-retail" / "online_retail.parquet"
    titles = _retail_titles(path, rows) if path.exists() else {}
    missing = sum("title" not in row and row["product"] not in titles for row in rows)
    if missing:
        print(f"{missing} titles of Online Retail are left out: {path} is missing or another")
    labelled = []
    for row in rows:
        title = row.get("title") or titles.get(row["product"])
        if title:
            language = "zh" if any("\u4e00" <= c <= "\u9fff" for c in title) else "en"
            product = Product(row["product"], title, language=language)
            labelled.append((product, [_label(*span) for span in row["spans"]]))
    return labelled


def _label(start: int, end: int, concepts: str) -> Label:
    needed = not concepts.startswith("?")
    return Label(start, end, frozenset(concepts.removeprefix("?").split("|")), needed)


def _retail_titles(path: Path, rows: Sequence[dict[str, Any]]) -> dict[str, str]:
    wanted = {row["product"]: row["digest"] for row in rows if "digest" in row}
    lines = pq.read_table(path, columns=["StockCode", "Description"])
    lines = lines.filter(pc.is_in(lines["StockCode"], pc.cast(list(wanted), "string")))
    found = {}
    for code, words in zip(*(lines[c].to_pylist() for c in lines.column_names), strict=True):
        title = (words or "").strip()
        if wanted[code] == blake2b(title.encode(), digest_size=8).hexdigest():
            found[code] = title
    return found


def judged_titles(shared: Path) -> Iterator[Judged]:
    """Each title, judged."""
    labelled = labelled_titles(shared)
    extractor = Extractor(load_schema(), ("en", "zh"))
    products = [product for product, _ in labelled]
    for (product, labels), mentions in zip(labelled, extractor.mentions(products), strict=True):
        stated = {m.object: m for m in mentions if m.component != IMPLIED}
        yield judge(product.title, labels, list(stated.values()))


def judge(title: str, labels: Sequence[Label], mentions: Sequence[Mention]) -> Judged:
    """Mentions are right where a label over some of their characters allows their concept."""
    matched: set[Label] = set()
    right, wrong = [], []
    for mention in mentions:
        fits = {
            label
            for label in labels
            if mention.object in label.concepts
            and label.start < mention.end
            and mention.start < label.end
        }
        matched |= fits
        (right if fits else wrong).append(mention)
    needed = [label for label in labels if label.needed]
    missed = [label for label in needed if label not in matched]
    return Judged(title, right, wrong, missed, len(needed) - len(missed))


def title_scores(
    shared: Path, *, show: bool = False
) -> tuple[dict[str, float], list[tuple[float, bool]]]:
    """Precision and recall, %, and each fact's confidence with whether it is right."""
    judged = list(judged_titles(shared))
    sure = [(m.confidence, True) for j in judged for m in j.right]
    sure += [(m.confidence, False) for j in judged for m in j.wrong]
    needed = sum(j.found + len(j.missed) for j in judged)
    for j in judged if show else ():
        if j.wrong or j.missed:
            print(
                j.title, [(m.text, m.object) for m in j.wrong], [set(m.concepts) for m in j.missed]
            )
    figures = {
        "titles": float(len(judged)),
        "precision": 100 * sum(right for _, right in sure) / len(sure),
        "recall": 100 * sum(j.found for j in judged) / needed,
    }
    return figures, sure
