import pyarrow as pa

from kg.query_result import to_table


def test_numbers_text_and_structs_keep_their_types() -> None:
    rows = [[1, 1.5, "a", {"x": 1}, [1, 2]], [None, 2, None, {"y": "b"}, []]]
    table = to_table(["i", "f", "s", "o", "l"], rows)
    assert table.schema.types[:3] == [pa.int64(), pa.float64(), pa.string()]
    assert table.to_pylist() == [
        {"i": 1, "f": 1.5, "s": "a", "o": {"x": 1, "y": None}, "l": [1, 2]},
        {"i": None, "f": 2.0, "s": None, "o": {"x": None, "y": "b"}, "l": []},
    ]


def test_a_column_of_mixed_types_becomes_text() -> None:
    table = to_table(["v"], [["a"], [1], [None], [{"x": "é"}], [[True]]])
    assert table["v"].to_pylist() == ["a", "1", None, '{"x": "é"}', "[true]"]


def test_integers_too_large_for_int64_become_text() -> None:
    assert to_table(["v"], [[2**70]])["v"].to_pylist() == [str(2**70)]


def test_columns_without_values_have_the_engines_type() -> None:
    table = to_table(["a", "b", "c"], [], ["INT64", "STRING", "NODE"])
    assert table.schema.types == [pa.int64(), pa.string(), pa.null()]
    assert to_table(["a"], [[None]]).schema.types == [pa.null()]
