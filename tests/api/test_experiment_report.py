"""The report of an experiment: who counts for which arm, and what of what they did."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from fastapi.testclient import TestClient

from api import client as clew
from api.cli import main
from api.db.exposed import Exposure
from api.eventlog import EventLog, NewEvent
from api.experiment_report import report
from api.experiments import Experiment
from api.exposures import Exposures
from api.impressions import Attribution
from api.schemas_experiments import ReportOut
from commerce.comparison import share_difference
from tests.api.conftest import Start

TRIAL = Experiment.model_validate({"arms": {"plain": {}, "wide": {"diversity": 0.9}}})
DUE = Attribution("home", "x", "wide", None)


def meet(log: EventLog, *met: tuple[str, str, int]) -> Exposures:
    known = Exposures(log)
    known.begin({"x": TRIAL, "other": TRIAL})
    for subject, arm, at in met:
        known.note(Exposure("x", subject, arm, at))
    known.flush()
    return known


def happen(log: EventLog, *done: NewEvent) -> None:
    log.append(done, lambda outcomes: "")


def test_each_person_counts_once_for_the_arm_they_met_first(log: EventLog) -> None:
    known = meet(
        log,
        ("user:a", "plain", 10),
        ("user:b", "plain", 10),
        ("session:1", "wide", 20),  # becomes user:c, who is in the other arm
        ("user:c", "plain", 30),
        ("session:2", "wide", 20),  # becomes user:b, who met it before
        ("session:3", "wide", 20),
    )
    log.merge("session:1", "user:c")
    log.merge("session:2", "user:b")
    happen(
        log,
        NewEvent("user:a", "p", "purchase", 5, 100.0),  # before
        NewEvent("user:a", "p", "view", 11),
        NewEvent("user:a", "p", "view", 12),
        NewEvent("user:a", "p", "purchase", 13, 5.0, 2.0),
        NewEvent("user:a", "q", "purchase", 14, 7.0),
        NewEvent("user:c", "p", "purchase", 40, 3.0),
        NewEvent("session:1", "p", "cart", 41),
        NewEvent("session:3", "p", "purchase", 42, 9.0),
        NewEvent("session:3", "p", "cart", 43),
        NewEvent("session:3", "q", "purchase", 44, 1.0),
        NewEvent("session:3", "p", "remove", 45),  # takes back p, not q
        NewEvent("user:z", "p", "purchase", 50, 1000.0),  # met nothing
        NewEvent("user:b", "p", "rating", 50, 5.0),
    )
    found = report(log, known, "x")
    plain, wide = found.arms
    assert (plain.people, plain.switched) == (2, 1)  # a, b
    assert (wide.people, wide.switched) == (2, 1)  # c, session 3
    assert [one.count for one in (plain.view, plain.cart, plain.purchase) if one] == [1, 0, 1]
    assert [one.count for one in (wide.view, wide.cart, wide.purchase) if one] == [0, 1, 2]
    assert plain.revenue is not None
    assert wide.revenue is not None
    assert (plain.revenue.total, plain.revenue.mean) == (17.0, 8.5)
    assert (wide.revenue.total, wide.revenue.mean) == (4.0, 2.0)
    assert plain.against_first is None
    assert wide.against_first is not None
    told = wide.against_first.purchase
    assert (told.value, told.low, told.high, told.p_value) == share_difference((1, 2), (2, 2))
    assert wide.against_first.revenue.value == -6.5
    assert found.mismatch_p_value == 1
    assert not found.mismatch
    assert found.notes == []


def test_what_came_with_its_impressions(log: EventLog) -> None:
    known = meet(log, ("user:a", "wide", 10), ("user:b", "wide", 10))
    happen(
        log,
        NewEvent("user:a", "p", "purchase", 11, 5.0, due=DUE),
        NewEvent("user:a", "q", "purchase", 12, 7.0),
        NewEvent("user:b", "q", "view", 12, due=Attribution("home", "other", "wide", None)),
        NewEvent("user:b", "p", "purchase", 13, due=DUE),
        NewEvent("user:b", "q", "purchase", 13, 2.0, due=DUE),
        NewEvent("user:b", "q", "remove", 14),
        NewEvent("user:c", "p", "purchase", 13, 50.0, due=DUE),  # whom it was not shown to
    )
    found = report(log, known, "x", counted="attributed").arms[1]
    assert (found.people, found.purchase and found.purchase.count) == (2, 2)
    assert found.revenue is not None
    assert found.revenue.total == 5.0
    assert found.view is not None
    assert found.view.count == 0
    after = report(log, known, "x")
    assert after.notes == ["1 purchases came without a value and count as no revenue"]
    assert after.arms[1].revenue is not None
    assert after.arms[1].revenue.total == 12.0
    assert after.arms[0].purchase is None
    assert after.arms[1].against_first is None


def test_an_event_that_is_due_to_its_list_tells_of_the_exposure(log: EventLog) -> None:
    """What a killed worker had noted and not written comes back with the first event."""
    known = meet(log)
    due = Attribution("home", "x", "wide", 10)
    happen(log, NewEvent("user:a", "p", "view", 11, due=due))
    happen(log, NewEvent("user:a", "p", "purchase", 12, 3.0, due=due))
    wide = report(log, known, "x").arms[1]
    assert (wide.people, wide.view and wide.view.count) == (1, 1)


def test_people_that_do_not_fit_the_shares(log: EventLog) -> None:
    met = [(f"user:{n}", "wide" if n % 3 else "plain", 10) for n in range(300)]
    found = report(log, meet(log, *met), "x")
    assert found.mismatch
    assert found.mismatch_p_value is not None
    assert found.mismatch_p_value < 0.001
    assert "numbers of people do not fit the shares" in found.notes[0]
    assert report(log, meet(log), "other").mismatch_p_value is None


def test_many_arms_are_told_more_carefully(log: EventLog) -> None:
    arms = {name: {} for name in ("a", "b", "c")}
    known = Exposures(log)
    known.begin({"three": Experiment.model_validate({"arms": arms})})
    random = np.random.default_rng(1)
    for n in range(300):
        known.note(Exposure("three", f"user:{n}", "abc"[n % 3], 1))
    known.flush()
    buyers = random.permutation(300)[:90].tolist()
    happen(log, *(NewEvent(f"user:{n}", "p", "purchase", 2, 1.0) for n in buyers))
    found = report(log, known, "three", level=0.9)
    counts = [arm.purchase.count for arm in found.arms if arm.purchase]
    for arm, count in zip(found.arms[1:], counts[1:], strict=True):
        plain = share_difference((counts[0], count), (100, 100), 0.95)
        assert arm.against_first is not None
        told = arm.against_first.purchase
        assert (told.low, told.high) == pytest.approx((plain.low, plain.high))
        assert told.p_value == pytest.approx(min(1, 2 * plain.p_value))


@pytest.fixture(scope="module")
def served(start: Start, store: Path) -> TestClient:
    file = store.parent / "experiments.toml"
    file.write_text("[x]\n[x.arms.plain]\n[x.arms.wide]\ndiversity = 0.9\nk = 6\n")
    return start(experiments=file)


def test_from_list_to_report(served: TestClient, store: Path) -> None:
    """A shop whose shoppers of one arm buy the first product they are shown."""
    people: dict[str, int] = {"plain": 0, "wide": 0}
    for number in range(1, 120):
        told = served.get(f"/v1/users/u{number:04}/recommendations").json()
        if "experiment" not in told:
            continue
        arm, first = told["experiment"]["arm"], told["recommendations"][0]["product"]["id"]
        people[arm] += 1
        rows: list[dict[str, Any]] = [{"event": "view"}]
        rows += [{"event": "purchase", "value": 2.5}] if arm == "wide" else []
        who = {"user_id": f"u{number:04}", "product_id": first}
        sent = [row | who | {"impression_id": told["impression_id"]} for row in rows]
        answer = served.post("/v1/events", json={"events": sent}).json()
        assert all(row["attributed"] for row in answer["results"])
    assert min(people.values()) > 10
    made = clew.Client("http://testserver")
    made._http = served
    found = made.send(clew.experiment_report("x", counted="attributed"))
    assert {arm.name: arm.people for arm in found.arms} == people
    assert [arm.purchase.rate for arm in found.arms if arm.purchase] == [0, 1]
    assert [arm.view.rate for arm in found.arms if arm.view] == [1, 1]
    assert found.arms[1].against_first is not None
    assert found.arms[1].against_first.purchase.p_value < 1e-6
    assert found.arms[1].revenue is not None
    assert found.arms[1].revenue.mean == 2.5
    (listed,) = made.send(clew.experiments()).experiments
    assert (listed.name, listed.running) == ("x", True)
    assert listed.arms[1].settings == {"diversity": 0.9, "k": 6}
    assert listed.began < datetime.now(UTC)
    with pytest.raises(clew.ServiceError, match="404 Not Found: no experiment 'y' began"):
        made.send(clew.experiment_report("y"))


def test_on_the_command_line(served: TestClient, store: Path) -> None:
    known = served.app.state.parts.exposures  # type: ignore[attr-defined]
    for number in range(10):
        known.note(Exposure("x", f"user:cli-{number}", "wide" if number % 2 else "plain", 1))
    known.flush()
    run = CliRunner()
    told = run.invoke(main, ["experiments", "report", "x", "--store", str(store), "--json"])
    assert told.exit_code == 0, told.output
    assert ReportOut.model_validate_json(told.output).experiment == "x"
    shown = run.invoke(main, ["experiments", "report", "x", "--store", str(store)])
    assert "against the first" in shown.output
    assert "pp (" in shown.output
    listed = run.invoke(main, ["experiments", "list", "--store", str(store)])
    assert "plain 50%, wide 50%" in listed.output
    missing = run.invoke(main, ["experiments", "report", "y", "--store", str(store)])
    assert missing.exit_code != 0
    assert "no experiment 'y' began; there are: x" in missing.output
