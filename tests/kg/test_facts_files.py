"""Tables of a graph, written and read again."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kg.errors import StoreError
from kg.facts import PRODUCT_SCHEMA, KnowledgeGraph
from kg.records import ENTITY_SCHEMA, FACT_SCHEMA, INTERACTION_SCHEMA
from tests.kg.built_shop import KG


def test_written_and_read_again(tmp_path):
    KG.write(tmp_path / "tables")
    again = KnowledgeGraph.read(tmp_path / "tables")
    assert again == KG
    assert again.facts.schema.equals(FACT_SCHEMA)
    assert again.products.schema.equals(PRODUCT_SCHEMA)
    assert again.entities.schema.equals(ENTITY_SCHEMA)
    assert again.interactions.schema.equals(INTERACTION_SCHEMA)


def test_reading_says_what_is_missing(tmp_path):
    with pytest.raises(StoreError, match=r"products\.parquet is missing"):
        KnowledgeGraph.read(tmp_path)


def test_reading_says_what_is_damaged(tmp_path):
    KG.write(tmp_path)
    (tmp_path / "facts.parquet").write_bytes(b"not parquet")
    with pytest.raises(StoreError, match=r"facts\.parquet cannot be read as Parquet"):
        KnowledgeGraph.read(tmp_path)


def test_reading_says_what_another_version_wrote(tmp_path):
    KG.write(tmp_path)
    pq.write_table(pa.table({"id": ["x"]}), tmp_path / "entities.parquet")
    with pytest.raises(StoreError, match=r"entities\.parquet has the columns \['id'\]"):
        KnowledgeGraph.read(tmp_path)
