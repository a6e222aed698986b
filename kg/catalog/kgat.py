"""KGAT's files: numbers throughout, and lists that say what the numbers stand for.

``train.txt`` and ``test.txt`` have a line per user, the user and then the items; ``kg_final.txt``
has lines head, relation, tail, where an item's number is also its entity's. ``item_list.txt``,
``user_list.txt``, ``entity_list.txt`` and ``relation_list.txt`` give the original ids; where one
is missing the numbers stand for themselves. There are no titles: a product's is its id.

Format: Wang et al., KGAT (KDD 2019).
"""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow as pa

from kg.catalog.base import Parts, reject
from kg.catalog.columns import renamed
from kg.catalog.delimited import read_delimited
from kg.catalog.files import RawTable, first_line, read_bytes
from kg.catalog.interactions import check_interactions, check_triples
from kg.catalog.meta import DatasetMeta
from kg.catalog.products import products_of_ids
from kg.records import INTERACTION_SCHEMA, TRIPLE_SCHEMA, Reject

__all__ = ["KgatReader"]

SPLITS = {"train.txt": "train", "valid.txt": "valid", "test.txt": "test"}
KG = "kg_final.txt"
LISTS = ("user_list.txt", "item_list.txt", "entity_list.txt", "relation_list.txt")
NUMBERS = re.compile(rb"\d+(\s+\d+)*\s*")


class KgatReader:
    """Reads KGAT's files."""

    name = "kgat"
    wants = "a directory with train.txt and test.txt of numbers (and kg_final.txt, item_list.txt …)"

    def detects(self, path: Path) -> bool:
        """Whether there are train.txt and test.txt, and the first line is of numbers."""
        both = all((path / name).is_file() for name in ("train.txt", "test.txt"))
        return both and NUMBERS.fullmatch(first_line(path / "train.txt")) is not None

    def read(self, path: Path, meta: DatasetMeta) -> Parts:
        """Interactions in the order of each user's list, then the graph.

        Raises:
            DatasetError: a file cannot be read.
        """
        files = [file for name in (*SPLITS, KG, *LISTS) if (file := path / name).is_file()]
        users, items, entities, relations = (_names(path / name) for name in LISTS)
        rows: dict[str, int] = {}
        rejects: list[Reject] = []
        tables = [INTERACTION_SCHEMA.empty_table()]
        for file in (file for file in files if file.name in SPLITS):
            raw = _interactions(file, users, items)
            rows[file.name] = raw.rows
            table, bad = check_interactions(
                file.name, raw, list(items.values()) or None, default_event=meta.default_event
            )
            tables.append(table)
            rejects += bad
        interactions = pa.concat_tables(tables)
        triples = TRIPLE_SCHEMA.empty_table()
        if (path / KG).is_file():
            triples, bad, rows[KG] = _triples(path / KG, {**entities, **items}, relations)
            rejects += bad
        ids = pa.chunked_array([list(items.values())]) if items else interactions["product_id"]
        return Parts(
            files=tuple(files),
            rows=rows,
            products=products_of_ids(ids, meta),
            interactions=interactions,
            triples=triples,
            rejects=rejects,
        )


def _names(file: Path) -> dict[str, str]:
    """Original id of each number; empty where there is no such list.

    Lines are the id, the number and, of items, the entity. In the Yelp data number and entity run
    together and the entity is the id once more.
    """
    names: dict[str, str] = {}
    if not file.is_file():
        return names
    for line in read_bytes(file).decode("utf-8", "replace").splitlines()[1:]:
        words = line.split()
        if len(words) < 2:
            continue
        name, number = words[0], words[1]
        number = number if number.isdecimal() else number.removesuffix(name)
        if number.isdecimal():
            names[number] = name
    return names


def _interactions(file: Path, users: dict[str, str], items: dict[str, str]) -> RawTable:
    """One row for each item of each line; a word that is no number is a reject."""
    who: list[str] = []
    what: list[str] = []
    positions: list[int] = []
    lines: list[int] = []
    rejects: list[Reject] = []
    text = read_bytes(file).decode("utf-8", "replace")
    for line, words in enumerate((row.split() for row in text.split("\n")), start=1):
        if words and not words[0].isdecimal():
            rejects.append(reject(file.name, line, "user_id", "not a number", words[0]))
            continue
        for position, word in enumerate(words[1:]):
            if not word.isdecimal():
                rejects.append(reject(file.name, line, "product_id", "not a number", word))
                continue
            who.append(users.get(words[0], words[0]))
            what.append(items.get(word, word))
            positions.append(position)
            lines.append(line)
    table = pa.table(
        {
            "user_id": pa.array(who, pa.string()),
            "product_id": pa.array(what, pa.string()),
            "position": pa.array(positions, pa.int64()),
            "split": pa.repeat(SPLITS[file.name], len(who)),
        }
    )
    return RawTable(table, lines, len(lines) + len(rejects), rejects)


def _triples(
    file: Path, entities: dict[str, str], relations: dict[str, str]
) -> tuple[pa.Table, list[Reject], int]:
    delimiter = "\t" if b"\t" in first_line(file) else " "
    header = ("subject", "predicate", "object")
    raw = read_delimited(file, header=header, delimiter=delimiter, quoting=False)
    triples, rejects = check_triples(file.name, raw)
    columns = [
        renamed(triples[name], names)
        for name, names in zip(header, (entities, relations, entities), strict=True)
    ]
    return pa.table(columns, TRIPLE_SCHEMA), rejects, raw.rows
