"""Descriptions measured: unsupported claims by an independent rule, facts covered, planted lies.

    python scripts/bench/descriptions.py STORE [--products 500] [--writer template …] [--show 50]

Prints, per writer, language and length: unsupported words after verification (the rule of
``descriptions_parts/judge.py``), facts covered, seconds a description; then what the verifier
catches of planted lies, by kind, and how many true sentences it takes for lies.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import statistics
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from descriptions_parts.judge import unsupported
from descriptions_parts.lies import lies, own_words, truths

from commerce.describe import DescribeConfig, Describer, Writer
from kg.build import graph_of, schema_of
from kg.quantities import measure_labels
from kg.snapshot import SnapshotStore


def main() -> None:
    """Measure and print."""
    args = _arguments()
    snapshot = SnapshotStore(args.store).current()
    kg, schema = graph_of(snapshot), schema_of(snapshot)
    describer = Describer(kg, schema)
    ids = [name.partition(":")[2] for name in kg.products["id"].to_pylist()]
    random.Random(args.seed).shuffle(ids)
    ids = ids[: args.products]
    report: dict[str, Any] = {"dataset": snapshot.manifest.dataset.get("name"), "texts": []}
    for writer in args.writer:
        for language, length in itertools.product(args.lang, args.length):
            made = _writer(writer, args.store, schema)
            row = _texts(describer, schema, ids, made, language, length, args.show)
            report["texts"].append(row)
            print(json.dumps(row, ensure_ascii=False), flush=True)
    report["lies"] = _planted(describer, schema, ids, args.lies, args.seed)
    print(json.dumps(report["lies"], ensure_ascii=False, indent=1))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store", type=Path)
    parser.add_argument("--products", type=int, default=500)
    parser.add_argument("--writer", nargs="+", default=["template"])
    parser.add_argument("--lang", nargs="+", default=["en", "zh"])
    parser.add_argument("--length", nargs="+", default=["medium", "long"])
    parser.add_argument("--lies", type=int, default=200, help="at least so many; 0: none")
    parser.add_argument("--show", type=int, default=0, help="print so many texts to read")
    parser.add_argument("--seed", type=int, default=7)
    return parser.parse_args()


def _writer(name: str, store: Path, schema: Any) -> Writer | None:
    if name == "vae":
        from commerce.describe.generated import VaeWriter

        return VaeWriter.load(store)
    if name == "local":
        from commerce.describe.local import LocalWriter

        return LocalWriter(schema)
    return None


def _names(known: Any, schema: Any) -> dict[str, dict[str, str]]:
    """object -> language -> its name, taken from the ontology; ``""`` where it has no language."""
    found: dict[str, dict[str, str]] = {}
    for fact in known.facts:
        concept = schema.concepts.get(fact.object)
        if concept is not None:
            found[fact.object] = dict(concept.pref)
        elif fact.object.startswith("measure:"):
            found[fact.object] = measure_labels(fact.object, schema)
        else:
            found[fact.object] = {"": known.names[fact.object][-1]}
    return found


def _texts(
    describer: Describer,
    schema: Any,
    ids: list[str],
    writer: Writer | None,
    language: str,
    length: Any,
    show: int,
) -> dict[str, Any]:
    config = DescribeConfig(language=language, length=length)
    describer.known(ids[0], language)
    found, covered, seconds, wrote = [], [], [], Counter()
    removed = sentences = 0
    for number, product_id in enumerate(ids):
        begin = time.perf_counter()
        made = describer.describe(product_id, config, writer)
        seconds.append(time.perf_counter() - begin)
        known = describer.known(product_id, language)
        names = [name for labels in _names(known, schema).values() for name in labels.values()]
        price = "" if known.product.price is None else f"{known.product.price:.2f}"
        price += f" {known.product.currency}"
        allowed = " ".join([own_words_cased(known.product), *names, price, *_frames()])
        bad = unsupported(made.text, allowed)
        found += [(product_id, bad, made.text)] if bad else []
        covered.append(made.facts_covered)
        wrote[made.writer] += 1
        removed += len(made.removed)
        sentences += made.text.count(".") + made.text.count("。")
        if number < show:
            print(f"--- {product_id} [{made.writer}] {made.facts_covered:.0%}\n{made.text}")
    for item in found[:10]:
        print("UNSUPPORTED", *item)
    return {
        "asked": "template" if writer is None else writer.name,
        "wrote": dict(wrote),
        "language": language,
        "length": length,
        "products": len(ids),
        "texts_with_unsupported": len(found),
        "unsupported_words": sum(len(bad) for _, bad, _ in found),
        "facts_covered": round(statistics.mean(covered), 4),
        "removed_sentences": removed,
        "seconds_median": round(statistics.median(seconds), 4),
    }


def own_words_cased(product: Any) -> str:
    """Every text of a product, as written."""
    texts = [t.title + " " + t.description for t in product.texts().values()]
    values = [f"{n} {v}" for n, values in product.attributes.items() for v in values]
    folded = own_words(product)
    return " ".join([*texts, *values, *product.categories, product.brand or "", folded])


def _frames() -> list[str]:
    return ["GBP", "Meet", "This", "It"]


def _planted(
    describer: Describer, schema: Any, ids: list[str], least: int, seed: int
) -> dict[str, Any]:
    """What is caught of planted lies, and which true sentences are taken for lies."""
    rng = random.Random(seed)
    caught, planted = Counter(), Counter()
    alarms, told = Counter(), Counter()
    for product_id in ids:
        if sum(planted.values()) >= least:
            break
        by_language = {code: describer.known(product_id, code) for code in ("en", "zh")}
        known = by_language["en"]
        names, facts = _names(known, schema), list(known.facts)
        for kind, language, sentence in lies(known.product, facts, names, rng):
            kept = describer.verifier(language).check(sentence, by_language[language]).text
            planted[kind, language] += 1
            caught[kind, language] += not kept
            if kept:
                print("MISSED", product_id, kind, sentence, "|", known.product.title)
        for kind, language, sentence in truths(known.product, facts, names):
            checked = describer.verifier(language).check(sentence, by_language[language])
            told[kind, language] += 1
            alarms[kind, language] += not checked.text
            if not checked.text:
                why = checked.removed[0]
                print("ALARM", product_id, kind, sentence, "|", why.reason, why.words)
    total, right = sum(planted.values()), sum(caught.values())
    return {
        "planted": total,
        "caught": round(right / max(total, 1), 4),
        "by_kind": {f"{k} {c}": f"{caught[k, c]}/{n}" for (k, c), n in sorted(planted.items())},
        "true_sentences": sum(told.values()),
        "false_alarms": round(sum(alarms.values()) / max(sum(told.values()), 1), 4),
        "alarms_by_kind": {f"{k} {c}": f"{alarms[k, c]}/{n}" for (k, c), n in sorted(told.items())},
    }


if __name__ == "__main__":
    main()
