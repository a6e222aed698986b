"""RecBole's atomic files: tab separated, with headers ``name:type`` (token, token_seq, float …).

``NAME.inter`` is needed, or ``NAME.train.inter`` and so on for a split of its own; ``NAME.item``,
``NAME.kg`` and ``NAME.link`` are read where they are. Without ``.item`` the catalogue is the
products interacted with. Entities of the ``.kg`` that ``.link`` ties to an item take its id.
``.user`` and ``.net`` say nothing about products and are left alone.

Format: Zhao et al., RecBole (CIKM 2021).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa

from kg.catalog.base import Parts
from kg.catalog.columns import renamed
from kg.catalog.files import RawTable
from kg.catalog.interactions import Checks, check_interactions, check_triples
from kg.catalog.meta import DatasetMeta, InteractionColumns, TripleColumns
from kg.catalog.naming import rename_table
from kg.catalog.products import products_of_ids
from kg.catalog.recbole_items import read_atomic, read_items
from kg.errors import DatasetError
from kg.records import INTERACTION_SCHEMA, TRIPLE_SCHEMA, Reject

__all__ = ["RecBoleReader"]

INTER = ".inter"
SPLITS = ("train", "valid", "test")
COLUMNS: Mapping[str, str] = {"product_id": "item_id", "value": "rating"}
KG_COLUMNS = TripleColumns(subject="head_id", predicate="relation_id", object="tail_id")


class RecBoleReader:
    """Reads RecBole's atomic files."""

    name = "recbole"
    wants = "a directory with NAME.inter (and NAME.item, NAME.kg, NAME.link), or that one file"

    def detects(self, path: Path) -> bool:
        """Whether there is an .inter file."""
        return path.suffix == INTER if path.is_file() else any(path.glob(f"*{INTER}"))

    def read(self, path: Path, meta: DatasetMeta) -> Parts:
        """Items, interactions, then the knowledge graph.

        Raises:
            DatasetError: several datasets, a file that cannot be read, or one without ids.
        """
        inters = _inters(path)
        stem = _stem(inters[0])
        item, kg, link = (
            file if path.is_dir() and (file := path / f"{stem}{ending}").is_file() else None
            for ending in (".item", ".kg", ".link")
        )
        rows: dict[str, int] = {}
        ignored: dict[str, tuple[str, ...]] = {}
        products, rejects = read_items(item, meta, rows, ignored) if item else ([], [])
        known = [product.id for product in products] if item else None
        tables = [INTERACTION_SCHEMA.empty_table()]
        for file in inters:
            raw = _interactions(file, meta, ignored)
            rows[file.name] = raw.rows
            table, bad = check_interactions(
                file.name, raw, known, default_event=_event(raw, meta), least_value=None
            )
            tables.append(table)
            rejects += bad
        interactions = pa.concat_tables(tables)
        triples = TRIPLE_SCHEMA.empty_table()
        if kg:
            triples, bad = _triples(kg, link, rows)
            rejects += bad
        return Parts(
            files=tuple(file for file in (item, *inters, kg, link if kg else None) if file),
            rows=rows,
            products=products if item else products_of_ids(interactions["product_id"], meta),
            interactions=interactions,
            triples=triples,
            rejects=rejects,
            ignored=ignored,
        )


def _inters(path: Path) -> list[Path]:
    """The interaction files, training first."""
    files = sorted(path.glob(f"*{INTER}")) if path.is_dir() else [path]
    stems = sorted({_stem(file) for file in files})
    if len(stems) > 1:
        raise DatasetError(
            f"{path}: holds several RecBole datasets ({', '.join(stems)}); give each a directory"
        )
    order = {split: at for at, split in enumerate(SPLITS)}
    return sorted(files, key=lambda file: order.get(_split(file) or "", -1))


def _split(file: Path) -> str | None:
    last = file.name.removesuffix(INTER).rpartition(".")[2]
    return last if last in SPLITS and file.name != f"{last}{INTER}" else None


def _stem(file: Path) -> str:
    stem = file.name.removesuffix(INTER)
    return stem.rpartition(".")[0] if _split(file) else stem


def _interactions(file: Path, meta: DatasetMeta, ignored: dict[str, tuple[str, ...]]) -> RawTable:
    raw, _ = read_atomic(file)
    named = meta.columns.interactions.model_dump(exclude_none=True)
    usual = {field: name for field, name in COLUMNS.items() if name in raw.table.column_names}
    columns = InteractionColumns(**{**usual, **named})
    raw, unread = rename_table(file, raw, columns, "interactions", ("user_id", "product_id"))
    if unread:
        ignored[file.name] = unread
    split = _split(file)
    if split is None:
        return raw
    table = raw.table.drop_columns(["split"] if "split" in raw.table.column_names else [])
    table = table.append_column("split", pa.repeat(split, table.num_rows))
    return RawTable(table, raw.lines, raw.rows, raw.rejects)


def _event(raw: RawTable, meta: DatasetMeta) -> str:
    """What dataset.toml says, else a rating where the file has some."""
    if "default_event" in meta.model_fields_set or "value" not in raw.table.column_names:
        return meta.default_event
    return "rating"


def _triples(kg: Path, link: Path | None, rows: dict[str, int]) -> tuple[pa.Table, list[Reject]]:
    raw, _ = read_atomic(kg)
    raw, _ = rename_table(kg, raw, KG_COLUMNS, "triples", TRIPLE_SCHEMA.names)
    rows[kg.name] = raw.rows
    triples, rejects = check_triples(kg.name, raw)
    if link is None:
        return triples, rejects
    raw, _ = read_atomic(link)
    rows[link.name] = raw.rows
    checks = Checks(link.name, raw)
    entities = checks.identifier("entity_id", "missing entity")
    items = checks.identifier("item_id", "missing product")
    pairs = pa.table({"entity": entities, "item": items}).filter(checks.good)
    backwards = zip(
        reversed(pairs["entity"].to_pylist()), reversed(pairs["item"].to_pylist()), strict=True
    )
    names = dict(backwards)  # of two items tied to one entity the first stands
    for at, column in enumerate(("subject", "object")):
        field = TRIPLE_SCHEMA.field(column)
        triples = triples.set_column(2 * at, field, renamed(triples[column], names))
    return triples, rejects + checks.rejects
