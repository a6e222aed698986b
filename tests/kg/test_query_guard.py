"""What a query from outside may say. Each refusal here did harm when it was let through."""

import pytest

from kg.errors import QueryError
from kg.query_guard import check_cypher, check_sparql, limited

READING = [
    "MATCH (n) RETURN n",
    "  // a comment; with COPY and 'quotes\nMATCH (n) RETURN n;",
    "OPTIONAL MATCH (n) RETURN n",
    "UNWIND [1, 2] AS x RETURN x",
    "WITH 1 AS x RETURN x",
    "CALL show_tables() RETURN *",
    "EXPLAIN MATCH (n) RETURN n",
    "profile match (n) return n",
    "MATCH (n) WHERE n.name = 'LOAD FROM; COPY' RETURN n",
    'MATCH (n) WHERE n.name = "it\'s \\"; CHECKPOINT" RETURN n',
    "MATCH (n) RETURN n.`copy` AS `LOAD FROM`",
    "MATCH (load:Product) RETURN load.id",
]


@pytest.mark.parametrize("query", READING)
def test_reading_is_allowed(query: str) -> None:
    check_cypher(query)


REFUSED = {
    "COPY (MATCH (n) RETURN n.id) TO 'out.csv'": "'COPY' is refused: a query reads the graph",
    "EXPLAIN COPY Product FROM 'x.csv'": "'COPY' is refused",
    "EXPORT DATABASE 'out'": "'EXPORT' is refused",
    "IMPORT DATABASE 'in'": "'IMPORT' is refused",
    "ATTACH 'other.db' AS other (dbtype lbug)": "'ATTACH' is refused",
    "INSTALL httpfs": "'INSTALL' is refused",
    "UNINSTALL httpfs": "'UNINSTALL' is refused",
    "LOAD EXTENSION '/tmp/evil.so'": "'LOAD' is refused",
    "LOAD FROM '/etc/passwd' RETURN *": "'LOAD' is refused",
    "MATCH (n) LOAD FROM '/etc/passwd' RETURN *": "LOAD is refused: a query reads the graph",
    "MATCH (n) LOAD // x\n WITH HEADERS (a STRING) FROM 'x' RETURN *": "LOAD is refused",
    "MATCH (n) load csv from 'file:///etc/passwd' AS line RETURN line": "LOAD is refused",
    "CALL timeout=0": "CALL is refused except for current_setting",
    "CALL read_csv_serial('x') RETURN *": "CALL is refused",
    "MATCH (n) CALL apoc.load.json('http://x') YIELD value RETURN value": "CALL is refused",
    "CALL `show_tables`() RETURN *": "CALL is refused",
    "CHECKPOINT": "'CHECKPOINT' is refused",
    "BEGIN TRANSACTION": "'BEGIN' is refused",
    "USE other": "'USE' is refused",
    "CREATE MACRO f(x) AS x": "'CREATE' is refused",
    "RETURN 1; CHECKPOINT": "more than one statement",
    "": "the query is empty",
    " ; // nothing": "the query is empty",
    "EXPLAIN": "'EXPLAIN' is refused",
    # Engines end this comment in different places: the string hides LOAD from one of them.
    "MATCH (n) /* **/ ' /* */ LOAD FROM '/etc/passwd' RETURN n, 'b'": "block comments are refused",
    "RETURN '\\u0027 + 1 + \\u0027'": r"\\u escapes are refused",
    "RETURN $a ": r"parameter \$a is not given",
}


@pytest.mark.parametrize(("query", "message"), REFUSED.items())
def test_everything_else_is_refused(query: str, message: str) -> None:
    with pytest.raises(QueryError, match=message):
        check_cypher(query)


def test_parameters_given_are_found() -> None:
    check_cypher("MATCH (n {id: $id}) WHERE n.name <> '$other' RETURN n", {"id": 1, "unused": 2})


@pytest.mark.parametrize(("value", "message"), [({1}, "type set"), (float("nan"), "Out of range")])
def test_parameters_are_json(value: object, message: str) -> None:
    with pytest.raises(QueryError, match=f"parameters are JSON values: .*{message}"):
        check_cypher("RETURN $a", {"a": value})


@pytest.mark.parametrize(
    "query",
    [
        "MATCH (n) SET n.x = 1",
        "MATCH (n) DETACH DELETE n",
        "MATCH (n) CREATE (m) RETURN m",
        "UNWIND [1] AS x MERGE (n {id: x})",
        "CALL { MATCH (n) REMOVE n.x RETURN n } RETURN n",
        "MATCH (n) FOREACH (x IN [1] | SET n.x = x)",
        "MATCH (n) insert (m)",
    ],
)
def test_writing_is_refused_anywhere(query: str) -> None:
    with pytest.raises(QueryError, match="is refused: a query only reads the graph"):
        check_cypher(query)


def test_names_that_look_like_writing_are_allowed() -> None:
    check_cypher("MATCH (n) WHERE n.set = 'DELETE' RETURN n.create AS `merge` // SET")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("MATCH (n) RETURN n", "MATCH (n) RETURN n\nLIMIT 5"),
        ("MATCH (n) RETURN n ; ", "MATCH (n) RETURN n\nLIMIT 5"),
        ("MATCH (n) RETURN n // all", "MATCH (n) RETURN n\nLIMIT 5"),
        ("MATCH (n) RETURN 'LIMIT 3'", "MATCH (n) RETURN 'LIMIT 3'\nLIMIT 5"),
        ("MATCH (n) WITH n LIMIT 3 RETURN n", "MATCH (n) WITH n LIMIT 3 RETURN n\nLIMIT 5"),
        (
            "MATCH (n) RETURN COUNT { MATCH (n)--(m) RETURN m LIMIT 1 } AS c",
            "MATCH (n) RETURN COUNT { MATCH (n)--(m) RETURN m LIMIT 1 } AS c\nLIMIT 5",
        ),
    ],
)
def test_a_limit_is_added_at_the_end(query: str, expected: str) -> None:
    assert limited(query, 5) == expected


@pytest.mark.parametrize(
    "query",
    [
        "MATCH (n) RETURN n LIMIT 3",
        "MATCH (n) RETURN n.id UNION MATCH (m) RETURN m.id",
        "EXPLAIN MATCH (n) RETURN n",
        "CALL show_tables()",
    ],
)
def test_no_limit_is_added_where_it_would_mean_something_else(query: str) -> None:
    assert limited(query, 5) == query


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * { ?s ?p 'tea service' }",
        "SELECT * { ?s ?p 'dinner service', \"SERVICE\" . ?service ?p $service }",
        "SELECT * { ?s category:service category:tea-service } # any service",
        "SELECT * { ?s ?p <https://example.org/service> }",
    ],
)
def test_service_as_a_word_is_allowed(query: str) -> None:
    check_sparql(query)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * { SERVICE <http://evil.example/> { ?s ?p ?o } }",
        "SELECT * { service silent <http://evil.example/> { ?s ?p ?o } }",
        "SELECT * { SERVICE # comment\n SILENT # comment\n ?where { ?s ?p ?o } }",
        "PREFIX : <http://evil.example/> SELECT * { SERVICE:x { ?s ?p ?o } }",
        "PREFIX e: <http://evil.example/> SELECT * { ?s ?p 1.SERVICE e:x { ?s ?p ?o } }",
        "SELECT * { ?a ?b ?c FILTER(?a<?b)SERVICE?e{ ?s ?p ?o } }",
        "SELECT * { \\u0053ERVICE <http://evil.example/> { ?s ?p ?o } }",
        # '<?b#>' is an IRI to one reader, the beginning of a comment to another.
        "SELECT * { ?a ?b ?c FILTER(?a<?b#>'''\n) SERVICE <http://evil.example/> {}} #'''",
    ],
)
def test_service_as_a_call_is_refused(query: str) -> None:
    with pytest.raises(QueryError, match="SERVICE is refused: a query reads this graph"):
        check_sparql(query)


def test_from_is_refused_rather_than_ignored() -> None:
    for clause in ("FROM <urn:x>", "from named graph:x"):
        with pytest.raises(QueryError, match="FROM is refused: a query sees all graphs; choose"):
            check_sparql(f"SELECT * {clause} {{ ?s ?p ?o }}")
    check_sparql("# ids are from https://example.org\nSELECT * { ?s ?p 'from here' }")
