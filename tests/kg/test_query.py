"""Asking from Python and from the command line, on a snapshot and on a graph file."""

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

import kg.query_open
from api.cli import main
from kg.build import build
from kg.errors import QueryError, StoreError
from kg.query import cypher, sparql
from kg.query_open import OpenGraphs
from kg.rdf import RdfGraph, open_rdf
from kg.schema import Schema
from kg.snapshot import SnapshotStore

BRANDS = (
    "MATCH (p:Product)-[:HAS_BRAND]->(b:Brand) RETURN b.id AS brand, count(*) AS n ORDER BY b.id"
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop of two products, one of them bought."""
    shop = tmp_path_factory.mktemp("shop")
    (shop / "products.csv").write_text(
        "id,title,brand,price,currency\n1,Red mug,Acme,5,GBP\n2,Blue mug,Acme,6,GBP\n"
    )
    (shop / "interactions.csv").write_text(
        "user_id,product_id,event,timestamp,quantity,value\n"
        "ann,1,purchase,2026-01-05T10:00:00,2,5\nbob,2,view,2026-01-06T10:00:00,,\n"
    )
    root = tmp_path_factory.mktemp("store")
    build(shop, SnapshotStore(root))
    return root


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments), catch_exceptions=False)


@pytest.fixture
def ask(store: Path) -> Callable[..., Result]:
    return lambda *arguments: run("cypher", *arguments, "--store", str(store))


# ── from Python ────────────────────────────────────────────────────────────────────────────────


def test_cypher_gives_a_table(store: Path) -> None:
    assert cypher(store, BRANDS).to_pylist() == [{"brand": "brand:acme", "n": 2}]
    found = cypher(str(store), "@price_bands", {"low": 6})
    assert found.select(["brand", "cheap", "middle"]).to_pylist() == [
        {"brand": "brand:acme", "cheap": 1, "middle": 1}
    ]


def test_sparql_gives_a_table(store: Path) -> None:
    rows = sparql(store, "@facts_by_relation").to_pylist()
    assert {row["relation"].rpartition("/")[2]: row["facts"] for row in rows}["brand"] == 2


def test_rows_that_are_cut_off_are_warned_of(store: Path) -> None:
    with pytest.warns(UserWarning, match="only the first 1 rows; raise limit for more"):
        cypher(store, "MATCH (p:Product) RETURN p.id", limit=1)


def test_errors_reach_the_caller(store: Path, tmp_path: Path) -> None:
    with pytest.raises(QueryError, match="CREATE"):
        cypher(store, "CREATE (:Product)")
    with pytest.raises(StoreError, match="no snapshot in"):
        cypher(tmp_path, BRANDS)


def test_open_graphs_are_asked_again(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Path] = []

    def counted(path: Path, schema: Schema) -> RdfGraph:
        opened.append(path)
        return open_rdf(path, schema)

    monkeypatch.setattr(kg.query_open, "open_rdf", counted)
    with OpenGraphs(store) as graphs:
        for _ in range(3):
            found = graphs.sparql("@facts_by_relation", timeout_s=10, limit=10)
            assert found.table.num_rows
            assert graphs.cypher(BRANDS, {}, timeout_s=10, limit=10).table.num_rows == 1
    assert len(opened) == 1


def test_open_graphs_follow_a_new_snapshot(store: Path, tmp_path: Path) -> None:
    shop, snapshots = tmp_path / "shop", SnapshotStore(tmp_path / "store")
    shop.mkdir()
    names = "MATCH (p:Product) RETURN p.name AS name"
    opened: list[RdfGraph] = []
    with OpenGraphs(snapshots.root) as graphs:
        for title in ("Red mug", "Blue mug"):
            (shop / "products.csv").write_text(f"id,title\n1,{title}\n")
            build(shop, snapshots)
            with graphs._asked() as asked:
                opened.append(asked.rdf)
                answer = graphs.cypher(names, {}, timeout_s=10, limit=10)
                assert answer.table.to_pylist() == [{"name": title}]
        with pytest.raises(StoreError, match="was closed"):
            opened[0].sparql("ASK {}")
        assert opened[1].sparql("ASK {}").table.num_rows == 1


def test_a_graph_is_closed_when_its_last_question_is_answered(store: Path) -> None:
    graphs = OpenGraphs(store)
    with graphs._asked() as asked:
        rdf = asked.rdf
        graphs.close()
        assert rdf.sparql("ASK { ?s ?p ?o }").table.num_rows == 1
    with pytest.raises(StoreError, match="was closed"):
        rdf.sparql("ASK { ?s ?p ?o }")


def test_what_the_graph_lacks_is_warned_of(store: Path) -> None:
    with pytest.warns(UserWarning, match="nothing found; the graph has no Product with stock"):
        cypher(store, "@slow_movers")


# ── from the command line ──────────────────────────────────────────────────────────────────────


def test_a_saved_query_with_parameters(ask: Callable[..., Result]) -> None:
    result = ask("@price_bands", "-p", "low=6", "--format", "json")
    assert json.loads(result.stdout)[0]["cheap"] == 1
    result = ask("MATCH (p:Product {name: $name}) RETURN p.price AS price", "-p", "name=Red mug",
                 "--format", "csv")  # fmt: skip
    assert result.stdout == '"price"\n5\n'


def test_every_format(ask: Callable[..., Result], tmp_path: Path) -> None:
    for name in ("a.csv", "a.json", "a.parquet"):
        result = ask(BRANDS, "--output", str(tmp_path / name))
        assert "1 rows in" in result.stderr
    assert pq.read_table(tmp_path / "a.parquet").to_pylist() == [{"brand": "brand:acme", "n": 2}]
    assert ask("@around", "-p", "product=product:1", "--format", "graphml").stdout.startswith(
        "<?xml"
    )
    assert ask("@around", "-p", "product=product:1", "-o", str(tmp_path / "a.svg")).exit_code == 0
    assert "brand:acme" in ask(BRANDS).stdout


@pytest.mark.parametrize(
    ("query", "lacks"),
    [
        (("@around", "-p", "product=product:none"), "entity product:none"),
        (("@left_in_cart",), "ADDED_TO_CART relationships"),
        (("@slow_movers",), "Product with stock"),
        (("@badly_rated_bestsellers",), "RATED relationships"),
        (("MATCH (:Motif)<-[:HAS_MOTIF|IN_STYLE]-(p:Product) RETURN p.name",),
         "Motif nodes, no HAS_MOTIF or IN_STYLE relationships"),
    ],
)  # fmt: skip
def test_why_there_is_no_answer(
    query: tuple[str, ...], lacks: str, ask: Callable[..., Result]
) -> None:
    result = ask(*query, "--format", "json")
    assert (result.exit_code, result.stdout.strip()) == (0, "[]")
    assert f"nothing found; the graph has no {lacks}" in result.stderr


def test_an_answer_may_be_empty_for_no_lack(ask: Callable[..., Result]) -> None:
    result = ask("MATCH (p:Product) WHERE p.price > 100 RETURN p.name")
    assert result.stderr == "nothing found\n"


def test_why_there_is_no_answer_in_sparql(store: Path) -> None:
    asked = run("sparql", "@kinds_over_categories", "--store", str(store))
    assert "nothing found; the graph has no statement with clew:inCategory\n" in asked.stderr
    asked = run("sparql", "SELECT ?p { ?p schema:color colour:mauve }", "--store", str(store))
    assert asked.stderr.endswith("no statement with colour:mauve\n")
    asked = run("sparql", "@missing_labels", "--store", str(store))
    assert asked.stderr == "nothing found\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((BRANDS, "--format", "png"), "png is no text; name a file with --output"),
        ((BRANDS, "-o", "a.txt"), "name its format with --format, one of csv, json, parquet"),
        ((BRANDS, "-p", "x"), "--param 'x': write NAME=VALUE"),
    ],
)
def test_a_misuse_is_told(
    arguments: tuple[str, ...], message: str, ask: Callable[..., Result]
) -> None:
    result = ask(*arguments)
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())


def test_no_graph_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CLEW_STORE", raising=False)
    assert "name a graph: --store DIRECTORY or --url URL" in run("cypher", BRANDS).stderr


def test_queries_are_listed() -> None:
    assert "@bundle_candidates  cypher  least=5" in run("queries").stdout
    names = {query["name"] for query in json.loads(run("queries", "--json").stdout)}
    assert {"twins", "missing_labels"} <= names


def test_a_graph_is_loaded_compared_and_asked(store: Path, tmp_path: Path) -> None:
    url, at = f"ladybug:{tmp_path / 'copy.lbdb'}", ("--store", str(store))
    done = json.loads(run("graph", "load", url, *at, "--json").stdout)
    assert done["relationships"] > done["nodes_deleted"] == 0
    assert run("graph", "diff", url, *at).stdout.endswith("equal\n")
    people = "MATCH (u:User) RETURN count(u) AS n"
    assert json.loads(run("cypher", people, "--url", url, "--json").stdout) == [{"n": 2}]
    assert "relationships" in run("graph", "load", url, *at, "--no-users").stdout
    assert json.loads(run("cypher", people, "--url", url, "--json").stdout) == [{"n": 0}]
    result = run("graph", "diff", url, *at)
    assert result.exit_code == 1
    assert "missing BOUGHT  user:" in result.stdout
    assert "the graphs differ; clew graph load mends it" in result.stdout
    assert run("graph", "diff", url, *at, "--no-users").exit_code == 0


def test_a_servers_login_may_come_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, store: Path
) -> None:
    monkeypatch.setenv("NEO4J_USERNAME", "n@me")
    monkeypatch.setenv("NEO4J_PASSWORD", "p/w")
    asked = []

    def opened(url: str, *_: object) -> None:
        asked.append(url)
        raise StoreError("enough")

    monkeypatch.setattr("kg.store.open_store", opened)
    for url in ("bolt://host:1/x", "bolt://a:b@host:1/x", "ladybug:a"):
        run("graph", "load", url, "--store", str(store))
    assert asked == ["bolt://n%40me:p%2Fw@host:1/x", "bolt://a:b@host:1/x", "ladybug:a"]
