import pytest

from gnn.choice import choose_head, dense_bytes, machine_memory
from gnn.fusion import HeadConfig
from gnn.lowrank import LowRankHead
from tests.gnn.graphs import fitted, graph


@pytest.mark.parametrize(("memory", "kind"), [(2_399, "low_rank"), (2_400, "dense")])
def test_the_dense_head_has_to_fit_in_half_the_memory(memory, kind):
    assert dense_bytes(10) == 1_200
    choice = choose_head(10, HeadConfig(memory_bytes=memory))
    assert choice.kind == kind
    assert "of HeadConfig.memory_bytes" in choice.reason


def test_what_is_asked_for_is_done():
    choice = choose_head(10**7, HeadConfig(kind="dense"))
    assert (choice.kind, choice.reason) == ("dense", "asked for by HeadConfig.kind = 'dense'")
    assert choose_head(3, HeadConfig(kind="low_rank")).kind == "low_rank"


def test_small_shops_are_dense_and_huge_ones_are_not():
    assert choose_head(1_000, HeadConfig()).kind == "dense"
    huge = choose_head(5_000_000, HeadConfig())
    assert huge.kind == "low_rank"
    assert "the dense head of 5000000 products takes 300000.00 GB to fit, more than half" in (
        huge.reason
    )


def test_a_container_has_what_it_may_use(tmp_path):
    whole = machine_memory([])
    assert whole > 1e8
    (tmp_path / "memory.max").write_text("max\n")
    assert machine_memory([tmp_path / "memory.max", tmp_path / "nowhere"]) == whole
    (tmp_path / "memory.max").write_text("123456789\n")
    assert machine_memory([tmp_path / "memory.max"]) == min(whole, 123456789)


def test_a_model_is_of_the_head_chosen():
    model = fitted(graph(list("abc"), (), [("u", "a"), ("u", "b")]), memory_bytes=1)
    assert isinstance(model.head, LowRankHead)
    assert model.choice.kind == "low_rank"
