"""Lists told again to who asks the same, and only to them."""

from pathlib import Path

from api.answers import Answers
from api.schemas import ListOptions
from api.service import Service
from commerce.rules import Rule
from gnn.history import Event
from gnn.teller import Teller
from kg.snapshot import SnapshotStore


def test_a_kept_answer_is_given_again_until_others_take_its_place() -> None:
    answers, made = Answers(2), []

    def ask(key: str) -> str:
        return answers.of(key, lambda: made.append(key) or f"answer {len(made)}")

    assert [ask(key) for key in "abab"] == ["answer 1", "answer 2"] * 2
    assert ask("c") == "answer 3"
    assert ask("a") == "answer 4"
    assert made == ["a", "b", "c", "a"]


def test_none_is_kept_where_none_may_be() -> None:
    answers = Answers(0)
    one, two = (answers.of("a", object) for _ in range(2))
    assert one is not two


def test_what_a_list_depends_on_makes_it_another(store: Path) -> None:
    service = Service(Teller.current(SnapshotStore(store)), kept_answers=100)
    product = service.catalogue.products[0]
    bought = service.teller.history([Event(product, "purchase")])
    viewed = service.teller.history([Event(product, "view")])
    options = ListOptions()
    first = service.recommend(bought, options)
    assert service.recommend(service.teller.history([Event(product, "purchase")]), options) is first
    top = first.recommendations[0].product.id
    rule = Rule("no", "exclude", f"product:{top}")
    others = [
        service.recommend(viewed, options),
        service.recommend(bought, ListOptions(k=5)),
        service.recommend(bought, options, [rule]),
    ]
    assert all(other != first for other in others)
    fresh = Service(Teller.current(SnapshotStore(store)))
    assert fresh.recommend(bought, options) == first
    assert fresh.recommend(bought, options, [rule]) == others[2]
