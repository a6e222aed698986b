"""The benchmark's glue: data for everybody, one evaluator, the table. No peer is needed here."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from kg.catalog import read_dataset
from kg.errors import ModelError
from kg.records import INTERACTION_SCHEMA
from kg.schema import check_ontology, load_schema
from scripts.bench.peers.data import HERE, Sources, beauty, export_atomic
from scripts.bench.peers.judge import Judge
from scripts.bench.peers.methods import METHODS
from scripts.bench.peers.report import PUBLISHED, Entry, as_json, as_markdown
from scripts.bench.peers.running import Runner
from scripts.bench.peers.theirs.handover import Answer, Request
from tests.worlds import dataset, product

EVENTS = {
    ("ann", "A"): "train", ("ann", "B"): "valid", ("ann", "C"): "test", ("ann", "D"): "test",
    ("bob", "C"): "train", ("bob", "A"): "test",
    ("new", "A"): "test",
    ("old", "D"): "train", ("old", "A"): "valid",
}  # fmt: skip


def shop():
    made = dataset(
        [
            product("A", "Mug", brand="Hare", categories=("Kitchen", "Mugs")),
            product("B", "Bowl\twide", brand="Hare  & Co"),
            product("C", "Cup"),
            product("D", "Dish"),
        ],
        events=list(EVENTS),
        triples=[("A", "also_bought", "B"), ("A", "also_viewed", "X")],
    )
    at = INTERACTION_SCHEMA.get_field_index("split")
    parts = pa.array(list(EVENTS.values()), pa.string())
    return replace(made, interactions=made.interactions.set_column(at, "split", parts))


SHOP = shop()
JUDGE = Judge(SHOP, met=("train", "valid"), wanted="test")


def answer(**lists: str) -> Answer:
    """Lists told as ``ann="C-D"``; ``-`` stands where there is nothing."""
    items = [[mark.replace("-", "") for mark in line] for line in lists.values()]
    return Answer(np.array(list(lists)), np.array(items), fit_s=1.0, library="none 1")


def padded(**lists: str) -> Answer:
    return answer(**{user: line.ljust(10, "-") for user, line in lists.items()})


def test_only_users_with_a_history_and_something_new_are_measured():
    assert JUDGE.users == ("ann", "bob")
    assert JUDGE.truth.toarray().tolist() == [[0, 0, 1, 1], [1, 0, 0, 0]]


def test_metrics_by_hand():
    judged = JUDGE.judge(padded(new="A", bob="DA", ann="C"))
    ann = 1 / (1 + 1 / math.log2(3))  # one of two, first
    bob = 1 / math.log2(3)  # the one there is, second
    assert judged.metrics["ndcg@10"] == pytest.approx((ann + bob) / 2)
    assert judged.metrics["recall@10"] == pytest.approx((0.5 + 1) / 2)
    assert judged.metrics["hr@10"] == 1
    assert judged.metrics["precision@10"] == pytest.approx(0.1)
    assert judged.metrics["coverage@10"] == pytest.approx(3 / 4)
    assert judged.of_each["ndcg@10"] == pytest.approx([ann, bob])
    interval = judged.intervals["ndcg@10"]
    assert interval.mean == pytest.approx((ann + bob) / 2)
    assert (interval.low, interval.high) == pytest.approx((ann, bob))


def test_the_order_of_an_answer_does_not_matter_and_who_is_missing_gets_nothing():
    assert (
        JUDGE.judge(padded(ann="C", bob="A")).metrics
        == JUDGE.judge(padded(bob="A", ann="C")).metrics
    )
    assert JUDGE.judge(padded(ann="CD")).of_each["ndcg@10"].tolist() == [1, 0]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (padded(ann="CZ"), r"recommended, but no product: Z"),
        (padded(ann="CC"), r"1 lists name a product twice"),
        (padded(ann="CB", bob="A"), r"1 recommended products were met before, first by user 'ann'"),
    ],
)
def test_wrong_lists_are_refused(given, message):
    with pytest.raises(ModelError, match=message):
        JUDGE.judge(given)


def test_nobody_to_measure():
    with pytest.raises(ModelError, match="nobody has events in valid and new ones in valid"):
        Judge(SHOP, met=("valid",), wanted="valid")


def test_atomic_files_hold_the_same_events_facts_and_parts(tmp_path):
    export_atomic(SHOP, tmp_path / "shop")

    def rows(name):
        text = (tmp_path / "shop" / f"shop.{name}").read_text(encoding="utf-8")
        return [tuple(line.split("\t")) for line in text.splitlines()]

    head = ("user_id:token", "item_id:token")
    for part in ("train", "valid", "test"):
        assert rows(f"{part}.inter") == [head, *(e for e, p in EVENTS.items() if p == part)]
    assert rows("fit.inter") == [*rows("train.inter"), *rows("valid.inter")[1:]]
    assert rows("kg") == [
        ("head_id:token", "relation_id:token", "tail_id:token"),
        ("A", "also_bought", "B"),
        ("A", "also_viewed", "X"),
        ("A", "brand", "brand:Hare"),
        ("A", "category", "category:Kitchen"),
        ("A", "category", "category:Mugs"),
        ("B", "brand", "brand:Hare & Co"),
    ]
    assert rows("link")[1:] == [(i, i) for i in "ABCD"]


def test_clew_reads_the_atomic_files_as_the_same_events(tmp_path):
    export_atomic(SHOP, tmp_path / "shop")
    (tmp_path / "shop" / "shop.fit.inter").unlink()  # train and valid once more, for the peers
    again = read_dataset(tmp_path / "shop").interactions
    columns = (again[name].to_pylist() for name in ("user_id", "product_id", "split"))
    assert {(user, item): part for user, item, part in zip(*columns, strict=True)} == EVENTS


def test_validation_is_carved_out_of_training_once_for_everybody(real_data, tmp_path):
    data = beauty(Sources(tmp_path, real_data, Path("none")))
    before = read_dataset(real_data / "amazon-beauty").interactions
    after = read_dataset(data.ours).interactions
    test = [
        set(zip(t["user_id"].to_pylist(), t["product_id"].to_pylist(), strict=True))
        for t in (
            table.filter(pa.compute.equal(table["split"], "test")) for table in (before, after)
        )
    ]
    assert test[0] == test[1]
    counts = {p["values"]: p["counts"] for p in pa.compute.value_counts(after["split"]).to_pylist()}
    assert sum(counts.values()) == before.num_rows
    for part, count in counts.items():
        lines = (data.theirs / f"amazon-beauty.{part}.inter").read_text().count("\n")
        assert lines == count + 1


def test_the_missing_dataset_is_named(tmp_path):
    with pytest.raises(SystemExit, match=r"amazon-beauty is missing; point --shared at"):
        beauty(Sources(tmp_path, tmp_path, Path("none")))


def test_the_film_ontology_is_sound_beside_the_shipped_one(tmp_path):
    import shutil

    import ontology

    shutil.copytree(ontology.DIRECTORY, tmp_path / "films")
    shutil.copy(HERE / "films.ttl", tmp_path / "films")
    found = check_ontology(tmp_path / "films")
    assert [problem for problem in found if problem.level == "error"] == []
    relations = load_schema(tmp_path / "films").relations
    assert relations["film:directedBy"].sources == ("triples:film.film.directed_by",)


def test_requests_and_answers_come_back_as_they_were(tmp_path):
    request = Request("EASE", tmp_path / "shop", ("fit", "valid", "test"), tmp_path / "out")
    request.write(tmp_path / "request.json")
    assert Request.read(tmp_path / "request.json") == request
    given = replace(padded(ann="CD", bob="A"), best_valid=0.5, own_metrics={"ndcg@10": 0.25})
    given.write(tmp_path / "out")
    again = Answer.read(tmp_path / "out")
    assert again.users.tolist() == ["ann", "bob"]
    assert again.items.tolist() == given.items.tolist()
    assert (again.best_valid, again.own_metrics) == (0.5, {"ndcg@10": 0.25})
    assert again.peak_bytes > 1_000_000


def entry(name: str, told: Answer, **more) -> Entry:
    return Entry(name, "events", JUDGE.judge(told), told, "train + valid", 12.0, **more)


def test_the_table_is_ranked_and_says_what_was_cut():
    good = entry("good", padded(ann="CD", bob="A"))
    cut = replace(padded(ann="-C"), stopped="budget", epochs=3, best_valid=0.1234)
    poor = replace(entry("poor", cut), fitted_on="train")
    lines = as_markdown("shop", {"products": 1204}, [poor, good]).splitlines()
    assert lines[2] == "1,204 products."
    assert lines[6].startswith("| good | events | 1.0000 [1.0000, 1.0000] | – | 1.0000 | 1.0000 |")
    assert lines[7].endswith(
        "| fitted on train alone, **cut by the budget** after 3 epochs, validation 0.1234 |"
    )
    assert "| poor | events | 0.1934 [0.0000, 0.3869] | 0.8066 [0.6131, 1.0000] |" in lines[7]


def test_the_check_of_the_evaluator_is_shown():
    lists = padded(ann="CD", bob="A")
    checked = entry("peer", lists, own=JUDGE.judge(lists), own_metrics={"ndcg@10": 0.9})
    text = as_markdown("shop", {}, [checked])
    assert "| peer | 0.9000 | 1.0000 |" in text
    told = as_json("shop", {}, [checked])
    assert told["checks"]["peer"]["own"] == {"ndcg@10": 0.9}
    json.dumps(told)


def test_nothing_of_the_users_leaves_with_the_figures():
    told = json.dumps(as_json("shop", {}, [entry("peer", padded(ann="CD", bob="A"))]))
    assert "ann" not in told
    assert "of_each" not in told


def test_published_figures_name_their_source():
    for figures in PUBLISHED.values():
        assert all(figure.source for figure in figures)
    text = as_markdown("amazon-beauty", {}, [entry("peer", padded(ann="CD"))])
    assert "**not measured here**" in text


class Scripted(Runner):
    """A runner whose peers answer from a script: file name -> answer."""

    def __init__(self, work: Path, answers: dict[str, Answer]) -> None:
        super().__init__(None, work, Path("none"), JUDGE, 60.0)  # type: ignore[arg-type]
        self._data = type("Data", (), {"name": "shop", "theirs": work})()
        self.answers, self.asked = answers, []

    def _run(self, script: str, request: Request) -> None:
        self.asked.append(request)
        self.answers[request.out.name].write(request.out)


LIGHT = replace(METHODS[0], model="LightGCN", grid=[{"rate": 1}, {"rate": 2}], training={})


def test_the_best_on_validation_is_fitted_again_for_as_many_epochs(tmp_path):
    lists = padded(ann="CD", bob="A")
    runner = Scripted(tmp_path, {
        "trial-0": replace(lists, best_valid=0.2, fit_s=20.0, best_epoch=4),
        "trial-1": replace(lists, best_valid=0.3, fit_s=30.0, best_epoch=7),
        "final": replace(lists, fit_s=9.0),
    })  # fmt: skip
    run = runner.run(replace(LIGHT, settings={}))
    assert (run.settings, run.search_s, run.fitted_on) == ({"rate": 2}, 50.0, "train + valid")
    assert (run.answer.fit_s, run.answer.best_valid) == (9.0, 0.3)
    assert [request.budget_s for request in runner.asked] == [30.0, 40.0, float("inf")]
    assert (runner.asked[2].parts, runner.asked[2].epochs) == (("fit", "valid", "test"), 7)
    assert not runner.asked[2].validate


def test_a_peer_that_its_budget_stopped_is_taken_as_it_is(tmp_path):
    stopped = replace(padded(ann="C"), best_valid=0.2, stopped="budget", epochs=3)
    runner = Scripted(tmp_path, {"trial-0": stopped})
    run = runner.run(replace(LIGHT, grid=[{}], settings={}))
    assert (run.fitted_on, run.answer.epochs, len(runner.asked)) == ("train", 3, 1)


def test_a_failed_training_names_its_log(tmp_path):
    data = type("Data", (), {"name": "shop", "theirs": tmp_path})()
    runner = Runner(data, tmp_path, Path("/bin/false"), JUDGE, 60.0)
    with pytest.raises(
        RuntimeError, match=r"hopwise_run\.py failed on LightGCN; see .*trial-0\.log"
    ):
        runner.run(LIGHT)


def test_what_is_there_is_not_run_again(tmp_path):
    data = type("Data", (), {"name": "shop", "theirs": tmp_path})()
    runner = Runner(data, tmp_path, Path("/bin/false"), JUDGE, 60.0)
    request = Request("EASE", tmp_path, ("train", "valid", "test"), tmp_path / "out", budget_s=9)
    request.write(tmp_path / "out.request.json")
    padded(ann="C").write(tmp_path / "out")
    runner._run("hopwise_run.py", replace(request, budget_s=8))
    with pytest.raises(RuntimeError, match="failed on EASE"):
        runner._run("hopwise_run.py", replace(request, epochs=2))


def test_methods_have_names_of_their_own():
    assert len({method.name for method in METHODS}) == len(METHODS)
    assert all(method.trials("ml-100k") for method in METHODS)
