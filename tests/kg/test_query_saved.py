"""Saved queries: their headers, their parameters, and the page made of them."""

from pathlib import Path

import pytest
from click.testing import CliRunner

import ontology
from api.cli import main
from kg.errors import NotFoundError, QueryError
from kg.query_saved import Parameter, find_saved, saved_queries

PAGE = Path(__file__).parents[2] / "docs" / "cookbook.md"
GOOD = "// Two: which are two?\n// More words.\n// $least = 2  how many\nRETURN $least AS n\n"


def write(directory: Path, name: str, text: str) -> Path:
    (directory / "queries").mkdir(exist_ok=True)
    (directory / "queries" / name).write_text(text, encoding="utf-8")
    return directory


def test_the_cookbook_is_what_the_command_prints() -> None:
    result = CliRunner().invoke(main, ["queries", "--markdown"], catch_exceptions=False)
    assert result.stdout == PAGE.read_text(encoding="utf-8"), (
        "docs/cookbook.md is stale; write it again: clew queries --markdown > docs/cookbook.md"
    )


def test_every_file_is_listed() -> None:
    names = sorted(path.stem for path in (ontology.DIRECTORY / "queries").iterdir())
    assert list(saved_queries()) == names
    assert sum(query.language == "sparql" for query in saved_queries().values()) == 10
    assert all(query.question.count("?") for query in saved_queries().values())


def test_a_header_is_read(tmp_path: Path) -> None:
    found = saved_queries(write(tmp_path, "two.cypher", GOOD))["two"]
    assert (found.title, found.question) == ("Two", "which are two? More words.")
    assert found.parameters == (Parameter("least", 2, "how many"),)
    assert found.values({}) == {"least": 2}
    assert found.values({"least": "3"}) == found.values({"least": 3}) == {"least": 3}


def test_text_stays_text() -> None:
    query = find_saved("gifts_for", "cypher")
    assert query.values({"audience": "5"})["audience"] == "5"


def test_a_directory_may_replace_a_query(tmp_path: Path) -> None:
    found = saved_queries(write(tmp_path, "twins.cypher", GOOD))
    assert found["twins"].title == "Two"
    assert len(found) == len(saved_queries())


def test_a_query_without_a_header_is_named(tmp_path: Path) -> None:
    with pytest.raises(QueryError, match=r"bare\.rq: the first line must be a comment like '# Tit"):
        saved_queries(write(tmp_path, "bare.rq", "SELECT * { ?s ?p ?o }"))


@pytest.mark.parametrize("line", ["$least = two  how many", "$least 2", "$least = 2"])
def test_a_parameter_that_cannot_be_read_is_named(tmp_path: Path, line: str) -> None:
    text = f"// Two: which?\n// {line}\nRETURN 1 AS one\n"
    with pytest.raises(QueryError, match=r"two\.cypher:2: '\$least.* write \$name = JSON  meaning"):
        saved_queries(write(tmp_path, "two.cypher", text))


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "two.cypher", GOOD)
    write(tmp_path, "two.rq", "# Two: which?\nSELECT * { ?s ?p ?o }")
    with pytest.raises(QueryError, match=r"two\.rq: another saved query is called 'two' already"):
        saved_queries(tmp_path)


def test_an_unknown_name_is_told() -> None:
    with pytest.raises(NotFoundError, match="no saved cypher query 'none'; there are: around, "):
        find_saved("none", "cypher")
    with pytest.raises(NotFoundError, match="no saved sparql query 'around'"):
        find_saved("around", "sparql")


def test_unknown_and_unfitting_parameters_are_told() -> None:
    query = find_saved("twins", "cypher")
    with pytest.raises(QueryError, match=r"@twins has no parameter \$most; it has \$least"):
        query.values({"most": 1})
    with pytest.raises(QueryError, match=r"parameter \$least cannot be 'x'; it is a value like 3"):
        query.values({"least": "x"})
