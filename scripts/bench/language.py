"""How well texts are read: one table, the target beside what was measured.

usage: python scripts/bench/language.py [--shared ../shared/data] [--dev] [--json FILE]
           [--plot FILE] [--only queries zh ae-110k oa-mine fashion titles ...]

Each part trains its tagger (from kg/extract/configs) and measures it on what it did not learn from:
QueryNER's validation part, the Chinese dev part, a fifth of AE-110K and OA-Mine drawn with a fixed
seed. ``--dev`` looks at none of these: it measures on a part of what is trained on, to choose
settings by. Fashion titles and ``titles``, 300 labelled by hand for testing only, are read by the
ontology's rules; nothing is trained on them. ``speed`` reads fashion titles with rules and a
tagger, in one process. ``--json`` keeps the figures of parts measured before, so that the table can
be made part by part; ``--plot`` draws the reliability of confidence.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import language_data as data
from language_fashion import fashion_scores, fashion_speed
from language_titles import title_scores
from rich.console import Console

from kg.cli_support import table
from kg.extract.calibration import calibration_error, reliability
from kg.extract.labelled import Labelled, span_f1
from kg.extract.span_training import train_tagger
from kg.extract.train_reader import read_spans

Figures = dict[str, float]

ATTRIBUTE_ITERATIONS = 70  # with 50 labels an iteration takes long, and more help little

TARGETS: Mapping[str, tuple[str, float | None, float | None]] = {
    "queries.f1": ("QueryNER validation, strict entity F1, %", 52, 61),
    "queries.per_s": ("… queries a second", 300, None),
    "queries.error": ("… calibration error of confidence", 0.08, 0.03),
    "ae-110k.f1": ("AE-110K attribute values, F1, %", 70, 85),
    "ae-110k.f1_asked": ("… attributes the title is asked for alone", None, None),
    "ae-110k.error": ("… calibration error of confidence", 0.08, 0.03),
    "oa-mine.f1": ("OA-Mine attribute values, F1, %", 65, 80),
    "oa-mine.error": ("… calibration error of confidence", 0.08, 0.03),
    "zh.f1": ("Chinese titles dev, entity F1, %", 65, 78),
    "zh.per_s": ("… titles a second", None, None),
    "zh.error": ("… calibration error of confidence", 0.08, 0.03),
    "fashion.colour": ("fashion titles, colour F1, %", 90, 97),
    "fashion.type": ("fashion titles, type F1, %", 85, 93),
    "fashion.gender": ("fashion titles, gender F1, %", 95, 99),
    "titles.precision": ("own 300 titles, linked facts, precision, %", 90, 96),
    "titles.recall": ("… recall, %", 80, 92),
    "titles.error": ("… calibration error of confidence", 0.08, 0.03),
    "speed.per_s": ("rules and tagger, titles a second", 800, 2_000),
    "speed.rules_per_s": ("… rules alone", None, None),
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"))
    parser.add_argument("--only", nargs="+", choices=sorted(PARTS), default=sorted(PARTS))
    parser.add_argument("--dev", action="store_true", help="look at no held-out part")
    parser.add_argument("--json", type=Path, help="figures measured before, and where to keep them")
    parser.add_argument("--plot", type=Path, help="SVG of the reliability of confidence")
    options = parser.parse_args()
    known: dict[str, Any] = {"figures": {}, "reliability": {}}
    if options.json and options.json.exists():
        known = json.loads(options.json.read_text(encoding="utf-8"))
    for name in options.only:
        figures, sure = PARTS[name](options.shared, options.dev)
        known["figures"] |= {f"{name}.{key}": value for key, value in figures.items()}
        if sure:
            known["reliability"][name] = [list(b) for b in reliability(*zip(*sure, strict=True))]
        if options.json:
            options.json.write_text(json.dumps(known, indent=1), encoding="utf-8")
    _print(known["figures"])
    if options.plot:
        options.plot.write_text(reliability_svg(known["reliability"]), encoding="utf-8")


def _print(figures: Figures) -> None:
    rows = table("Reading", "task", "#bar", "#aim", "#measured")
    for key, (name, bar, aim) in TARGETS.items():
        if key in figures:
            shown = f"{figures[key]:.3f}" if key.endswith("error") else f"{figures[key]:,.1f}"
            rows.add_row(name, *("" if t is None else f"{t:g}" for t in (bar, aim)), shown)
    Console(width=100).print(rows)


Sure = list[tuple[float, bool]]


def spans_part(parts: data.Parts, language: str) -> tuple[Figures, Sure]:
    """Strict F1, speed and calibration of a tagger for one set of spans."""
    begun = time.perf_counter()
    nlp = train_tagger(parts.train, language)
    trained = time.perf_counter()
    found = list(read_spans(nlp, parts.held_out))
    seconds = time.perf_counter() - trained
    gold = [set(text.spans) for text in parts.held_out]
    _, _, f1 = span_f1(gold, found)
    sure = [
        (c, span in g) for g, spans in zip(gold, found, strict=True) for span, c in spans.items()
    ]
    figures = {"f1": 100 * f1, "per_s": len(found) / seconds, "train_s": trained - begun}
    return figures | {"error": calibration_error(*zip(*sure, strict=True))}, sure


def attributes_part(shared: Path, name: str, dev: bool) -> tuple[Figures, Sure]:
    """F1 of attribute values, exact but for case, one value an attribute: the surest."""
    rows, held_out = data.attribute_rows(shared, name, dev=dev)
    begun = time.perf_counter()
    texts = [data.attribute_text(row) for row in rows]
    nlp = train_tagger(texts, "en", max_iterations=ATTRIBUTE_ITERATIONS)
    trained = time.perf_counter()
    texts = [Labelled(text=row["input"], context=row["category"]) for row in held_out]
    found = [
        _one_each(text, spans) for text, spans in zip(texts, read_spans(nlp, texts), strict=True)
    ]
    seconds = time.perf_counter() - trained
    gold = [_stated(row) for row in held_out]
    asked = [
        {a: value for a, value in values.items() if a in row["target_scores"]}
        for row, values in zip(held_out, found, strict=True)
    ]
    sure = [
        (c, words in g.get(a, ()))
        for g, values in zip(gold, found, strict=True)
        for a, (words, c) in values.items()
    ]
    return {
        "f1": value_f1(gold, found),
        "f1_asked": value_f1(gold, asked),
        "error": calibration_error(*zip(*sure, strict=True)),
        "per_s": len(texts) / seconds,
        "train_s": trained - begun,
    }, sure


def titles_part(shared: Path) -> tuple[Figures, Sure]:
    """Facts linked in our own labelled titles."""
    figures, sure = title_scores(shared)
    return figures | {"error": calibration_error(*zip(*sure, strict=True))}, sure


Values = dict[str, tuple[str, float]]


def _one_each(text: Labelled, spans: Mapping[tuple[int, int, str], float]) -> Values:
    best: Values = {}
    for (start, end, attribute), sure in spans.items():
        if attribute not in best or sure > best[attribute][1]:
            best[attribute] = (text.text[start:end].casefold(), sure)
    return best


def _stated(row: data.Row) -> dict[str, set[str]]:
    return {
        attribute: stated
        for attribute, values in row["target_scores"].items()
        if (stated := {value.casefold() for value in values if value != "n/a"})
    }


def value_f1(gold: Sequence[dict[str, set[str]]], found: Iterable[Values]) -> float:
    """Micro F1 over attributes, %: a value is right or wrong; one not stated is wrong."""
    right = given = wanted = 0
    for stated, values in zip(gold, found, strict=True):
        wanted += len(stated)
        given += len(values)
        right += sum(words in stated.get(a, ()) for a, (words, _) in values.items())
    return 200 * right / (wanted + given)


def reliability_svg(curves: Mapping[str, Sequence[Sequence[float]]]) -> str:
    """Share right over mean confidence, a line for each set; on the diagonal both are equal."""
    colours = ("#1b6ca8", "#c4551d", "#3a7d44", "#7a4fa3", "#8a6d1d", "#444444")
    side = 320
    drawn = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-50 -20 {side + 200} {side + 70}"'
        ' font-family="sans-serif" font-size="12">',
        f'<path d="M0 {side}H{side}M0 {side}V0" stroke="#000" fill="none"/>',
        f'<path d="M0 {side}L{side} 0" stroke="#bbb" stroke-dasharray="4"/>',
        f'<text x="{side / 2}" y="{side + 35}" text-anchor="middle">confidence</text>',
        f'<text transform="translate(-35 {side / 2}) rotate(-90)" text-anchor="middle">'
        "share right</text>",
    ]
    for tick in (0, 0.5, 1):
        drawn.append(
            f'<text x="{tick * side}" y="{side + 16}" text-anchor="middle">{tick:g}</text>'
        )
        drawn.append(f'<text x="-6" y="{side * (1 - tick) + 4}" text-anchor="end">{tick:g}</text>')
    for number, (name, bins) in enumerate(sorted(curves.items())):
        colour = colours[number % len(colours)]
        points = [(side * sure, side * (1 - share)) for sure, share, _ in bins]
        for (x, y), (u, v) in pairwise(points):
            drawn.append(f'<path d="M{x:.1f} {y:.1f}L{u:.1f} {v:.1f}" stroke="{colour}"/>')
        drawn += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points]
        drawn.append(f'<text x="{side + 15}" y="{20 + 18 * number}" fill="{colour}">{name}</text>')
    return "\n".join([*drawn, "</svg>", ""])


PARTS: Mapping[str, Callable[[Path, bool], tuple[Figures, Sure]]] = {
    "queries": lambda shared, dev: spans_part(data.queries(shared, dev=dev), "en"),
    "zh": lambda shared, dev: spans_part(data.chinese(shared, dev=dev), "zh"),
    "ae-110k": lambda shared, dev: attributes_part(shared, "ae-110k", dev),
    "oa-mine": lambda shared, dev: attributes_part(shared, "oa-mine", dev),
    "fashion": lambda shared, dev: (fashion_scores(shared, dev=dev), []),
    "titles": lambda shared, _: titles_part(shared),
    "speed": lambda shared, dev: (fashion_speed(shared), []),
}

if __name__ == "__main__":
    main()
