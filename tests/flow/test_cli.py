"""The command line on the sample shop, as a user types it: every command, and every fault."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import networkx as nx
import pytest
from click.testing import CliRunner

from api.cli import main
from kg.catalog import sample_path

USER, PRODUCT = "u0184", "KD-0101"


def run(*arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(main, list(arguments), catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result.stderr if code else result.stdout


def told(*arguments: str) -> Any:
    return json.loads(run(*arguments, "--json"))


def test_data_check() -> None:
    found = told("data", "check", str(sample_path()))
    assert found["products"]["count"] >= 300
    assert "products" in run("data", "check", str(sample_path()))


def test_extract() -> None:
    found = told("extract", str(sample_path()), "--product", PRODUCT)
    assert [entry["product"] for entry in found] == [PRODUCT]
    objects = {mention["object"] for mention in found[0]["mentions"]}
    assert {"type:mug", "material:stoneware"} <= objects
    assert "type:mug" in run("extract", str(sample_path()), "--product", PRODUCT)
    message = run("extract", str(sample_path()), "--product", "XX", code=7)
    assert message.startswith("clew: no product XX in ")


def test_recommend_and_explain(sample_store: Path, tmp_path: Path) -> None:
    store = ("--store", str(sample_store))
    found = told("recommend", "--user", USER, "-k", "3", *store)
    assert len(found["recommendations"]) == 3
    best = found["recommendations"][0]
    drawing = tmp_path / "why.graphml"
    product = ("--product", best["product"], "--graphml", str(drawing))
    why = told("explain", "--user", USER, *product, *store)["recommendations"][0]
    assert why["score"] == best["score"]
    total = sum(path["value"] for path in why["paths"]) + sum(why["rest"].values())
    assert abs(total - why["score"]) <= 1e-5 * max(1, abs(why["score"]))
    edges = {(e["subject"], e["object"]) for path in why["paths"] for e in path["edges"]}
    drawn = nx.read_graphml(drawing, force_multigraph=True)
    assert edges
    assert edges <= {(source, target) for source, target, _ in drawn.edges}
    sources = [edge["text"] for path in why["paths"] for edge in path["edges"]]
    assert any(sources)
    words = run("recommend", "--bought", PRODUCT, "--lang", "zh", *store)
    assert any("\u4e00" <= letter <= "\u9fff" for letter in words)


def test_explain_without_and_in_pictures(sample_store: Path, tmp_path: Path) -> None:
    store = ("--store", str(sample_store))
    best = told("recommend", "--bought", PRODUCT, "-k", "1", *store)["recommendations"][0]
    ask = ("explain", "--bought", PRODUCT, "--product", best["product"], *store)
    edges = [edge for path in best["paths"] for edge in path["edges"]]
    fact = next(edge for edge in edges if edge["subject"] == f"product:{best['product']}")
    named = f"{best['product']} {fact['relation']} {fact['object']}"
    product, without = told(*ask, "--without", PRODUCT, "--without", named)["without"]
    assert product["score_without"] == 0.0
    assert abs(product["fall"] - best["score"]) <= 1e-6 * max(1, best["score"])
    assert abs(without["score"] - best["score"]) <= 1e-6 * max(1, best["score"])
    assert abs(without["fall"]) > 1e-6
    assert f"without product:{PRODUCT}: the score falls by" in run(*ask, "--without", PRODUCT)
    assert "holds no fact" in run(*ask, "--without", "X schema:brand brand:x", code=7)
    assert run(*ask, "--format", "dot").startswith("digraph")
    picture = tmp_path / "why.png"
    run(*ask, "--format", "png", "--output", str(picture))
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert json.loads(run(*ask, "--format", "json"))["recommendations"]


def test_recommend_with_diversity(sample_store: Path) -> None:
    ask = ("recommend", "--user", USER, "--diversity", "1", "--store", str(sample_store))
    places = [item["rank_by_score"] for item in told(*ask)["recommendations"]]
    assert places[0] == 1
    assert max(places) > 10
    assert f"(by score alone: {max(places)})" in run(*ask)


def test_queries(sample_store: Path) -> None:
    store = ("--store", str(sample_store))
    brands = "MATCH (p:Product)-[:HAS_BRAND]->(b:Brand) RETURN b.name AS brand, count(*) AS n"
    rows = told("cypher", brands, *store)
    assert sum(row["n"] for row in rows) > 300
    question = "SELECT (COUNT(*) AS ?n) WHERE { ?p schema:brand ?b }"
    assert told("sparql", question, *store) == [{"n": sum(row["n"] for row in rows)}]
    assert "brand" in run("cypher", brands, *store)
    assert "CREATE" in run("cypher", "CREATE (:Brand {id: 'x'})", *store, code=6)


def test_evaluate(tmp_path: Path) -> None:
    options = ("--k", "5", "--text", "hashing", "--cache", str(tmp_path / "texts"))
    report = told("evaluate", str(sample_path()), "--diversity", *options)
    assert "2026-06-01" in report["split"]
    assert set(report["metrics"]) >= {"head", "popularity", "item_knn", "ease"}
    head, popular = report["metrics"]["head"], report["metrics"]["popularity"]
    assert head["ndcg@5"] > popular["ndcg@5"]
    assert [point["diversity"] for point in report["diversity"]][::5] == [0, 0.5, 1]
    assert report["diversity"][-1]["ild@5"] > report["diversity"][0]["ild@5"]


def test_evaluate_says_what_each_part_is_worth_and_how_new_products_fare(tmp_path: Path) -> None:
    options = ("--text", "hashing", "--cache", str(tmp_path / "texts"), "--ablations", "--cold")
    words = run("evaluate", str(sample_path()), "--k", "10", *options)
    for expected in ("without co-purchase", "41 products made new", "graph only", "ceiling"):
        assert expected in words


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("recommend", "--user", "nobody"), 7, "clew: user 'nobody' has no events in snapshot"),
        (("recommend", "--bought", "XX"), 7, "clew: no product 'XX' in snapshot"),
        (("recommend",), 2, "give either --user or --bought"),
        (("explain", "--user", USER, "--product", "XX"), 7, "clew: no product 'XX' in snapshot"),
        (("explain", "--bought", PRODUCT, "--product", PRODUCT), 8, "clew: "),
        (("cypher", "MATCH (a:Nothing) RETURN a"), 6, "clew: "),
        (("sparql", "SELECT ?x WHERE {"), 6, "clew: "),
    ],
)
def test_faults(sample_store: Path, arguments: tuple[str, ...], code: int, message: str) -> None:
    assert message in run(*arguments, "--store", str(sample_store), code=code)


def test_faults_before_there_is_a_store(tmp_path: Path) -> None:
    nowhere = str(tmp_path / "nowhere")
    assert "make one: clew build" in run("train", "--store", nowhere, code=5)
    assert "clew: " in run("build", str(tmp_path), "--store", nowhere, code=3)
    assert "is not a list of numbers" in run("evaluate", str(tmp_path), "--k", "ten", code=2)
    assert "at least 1" in run("evaluate", str(tmp_path), "--k", "0", code=2)


def test_the_port_is_taken(sample_store: Path) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        message = run("serve", "--store", str(sample_store), "--port", port, code=1)
    assert f"cannot listen on 127.0.0.1:{port}: Address already in use" in message


def test_a_reader_that_goes_away_leaves_no_traceback(sample_store: Path) -> None:
    query = "MATCH (p:Product) RETURN p.id"
    command = [sys.executable, "-m", "api.cli", "cypher", query, "--store", str(sample_store)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(timeout=60) == 1
    process.stderr.close()
