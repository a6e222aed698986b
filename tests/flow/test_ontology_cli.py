"""``clew ontology`` as a knowledge engineer types it, on the sample shop."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import ontology
from api.cli import main


def run(*arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(main, ["ontology", *arguments], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result.output


def told(*arguments: str) -> Any:
    return json.loads(run(*arguments, "--json"))


@pytest.fixture
def edited(tmp_path: Path) -> Path:
    directory = tmp_path / "mine"
    shutil.copytree(ontology.DIRECTORY, directory, ignore=shutil.ignore_patterns("*.py"))
    return directory


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_check_exits_by_what_it_finds(edited: Path) -> None:
    assert "0 errors" in run("check")
    run("check", "--strict", code=4)
    replace(edited / "shapes.ttl", "sh:path clew:stock", "sh:path clew:stok")
    output = run("check", str(edited), code=4)
    assert "clew:product-stock: can never match: clew:stok is no relation" in output
    (edited / "curated.csv").write_text("nonsense\n", encoding="utf-8")
    assert "curated.csv:1: has no column action" in run("check", str(edited), code=4)


def test_diff_and_convert(edited: Path, tmp_path: Path) -> None:
    shipped = str(ontology.DIRECTORY)
    assert "no difference" in run("diff", shipped, str(edited))
    run("convert", str(edited), str(tmp_path / "xml"), "--to", "rdfxml")
    assert told("diff", shipped, str(tmp_path / "xml"))["changes"] == []
    replace(edited / "vocab" / "material.ttl", '"pottery"@en', '"crockery clay"@en')
    output = run("diff", shipped, str(edited))
    assert '+ skos:altLabel "crockery clay"@en' in output
    assert "concept: 1 changed" in output


def test_impact_tells_facts_and_lists(edited: Path, sample_store: Path) -> None:
    store = ("--store", str(sample_store))
    same = told("impact", str(edited), *store)
    assert (same["reread"], same["changes"], same["moves"]["moved"]) == (0, [], 0)
    replace(edited / "vocab" / "type.ttl", 'skos:prefLabel "mug"@en', 'skos:prefLabel "mugg"@en')
    found = told("impact", str(edited), "--users", "50", *store)
    assert found["by_relation"]["clew:productType"]["lost"] > 0
    assert 0 < found["reread"] < found["products"] / 2
    assert found["moves"]["sample"] == 50
    assert found["moves"]["refitted"]
    output = run("impact", str(edited), "--examples", "1", *store)
    assert "- clew:productType" in output
    assert "products enter a list" in output


def test_docs(sample_store: Path, tmp_path: Path) -> None:
    assert "index.html" in run("docs", str(tmp_path / "site"), "--store", str(sample_store))
    page = (tmp_path / "site" / "concepts" / "material-stoneware.html").read_text("utf-8")
    assert "Stoneware" in page


def test_suggest_and_accept(edited: Path, sample_store: Path) -> None:
    common = (
        "--store",
        str(sample_store),
        "--no-facts",
        "--text",
        "hashing",
        "--limit",
        "3",
        "--min-products",
        "3",
    )
    found = told("suggest", *common)
    assert list(found) == ["t1", "t2", "t3"]
    assert found["t1"]["turtle"] in run("suggest", *common).replace("\n    ", "\n")
    output = run("suggest", *common, "--accept", str(edited), "--pick", "t1")
    assert "accepted.ttl" in output
    assert "0 errors" in run("check", str(edited))
    assert "t9; see --limit" in run(
        "suggest", *common, "--accept", str(edited), "--pick", "t9", code=2
    )
    assert "go together" in run("suggest", *common, "--pick", "t1", code=2)
