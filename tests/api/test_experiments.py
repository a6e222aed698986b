"""Experiments: who is in which arm, what the arm changes, who met it, and what is no experiment."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from scipy.stats import chisquare
from sqlalchemy import select

from api.app import create_app
from api.db.tables import exposures
from api.experiments import Experiment, Experiments, read_experiments
from api.people import Pseudonyms
from api.settings import Settings
from api.surfaces import SURFACES
from kg.errors import NotFoundError, StoreError
from kg.snapshot import SnapshotStore
from tests.api.conftest import Start, copied

PEOPLE = Pseudonyms(bytes(32))
USERS = [f"u{number:04}" for number in range(1, 200)]
FILE = """
[wide]
surfaces = ["home"]
[wide.arms.plain]
share = 3
diversity = 0.0
[wide.arms.wide]
diversity = 0.9
k = 5
"""


def of(*shares: float, **more: Any) -> Experiment:
    arms = {f"arm-{at}": {"share": share} for at, share in enumerate(shares)}
    return Experiment.model_validate({"arms": arms, **more})


def listed(client: TestClient, user: str, **query: Any) -> dict[str, Any]:
    answer = client.get(f"/v1/users/{user}/recommendations", params={"surface": "home", **query})
    assert answer.status_code in {200, 404}, answer.text
    made: dict[str, Any] = answer.json()
    return made


def met(client: TestClient) -> dict[str, tuple[str, str]]:
    parts = client.app.state.parts  # type: ignore[attr-defined]
    parts.exposures.flush()
    with parts.database.reading() as connection:
        rows = connection.execute(select(exposures)).all()
    return {row.subject: (row.experiment, row.arm) for row in rows}


@pytest.mark.parametrize("shares", [(1, 1), (9, 1), (1, 1, 2), (0.5, 0.25, 0.15, 0.1)])
@pytest.mark.parametrize("name", ["one", "other"])
def test_arms_get_their_shares(shares: tuple[float, ...], name: str) -> None:
    drawn = Experiments({name: of(*shares)}, PEOPLE)
    count = 20_000
    found = Counter(drawn.assigned(name, PEOPLE.user(f"u{n}")).arm for n in range(count))
    expected = [share / sum(shares) * count for share in shares]
    observed = [found[f"arm-{at}"] for at in range(len(shares))]
    assert chisquare(observed, expected).pvalue > 0.001


def test_arms_of_two_experiments_do_not_hang_together() -> None:
    drawn = Experiments({"one": of(1, 1), "two": of(1, 1)}, PEOPLE)
    pairs = Counter(
        (drawn.assigned("one", f"user:{n}").arm, drawn.assigned("two", f"user:{n}").arm)
        for n in range(10_000)
    )
    assert chisquare(list(pairs.values()), [2500] * 4).pvalue > 0.001


def test_who_is_in_which_arm_rests_on_the_key_and_nothing_else() -> None:
    one, other = (Experiments({"x": of(1, 1)}, PEOPLE) for _ in range(2))
    arms = [one.assigned("x", f"user:{n}").arm for n in range(64)]
    assert arms == [other.assigned("x", f"user:{n}").arm for n in range(64)]
    elsewhere = Experiments({"x": of(1, 1)}, Pseudonyms(bytes(31) + b"\1"))
    assert arms != [elsewhere.assigned("x", f"user:{n}").arm for n in range(64)]
    # by construction, with this key: a change of the hash would move everybody
    assert "".join(arm[-1] for arm in arms[:16]) == "1010111010001110"


@pytest.fixture(scope="module")
def workers(
    start: Start, tmp_path_factory: pytest.TempPathFactory
) -> tuple[TestClient, TestClient]:
    """Two workers of one service that runs an experiment."""
    home = tmp_path_factory.mktemp("experiments")
    (home / "experiments.toml").write_text(FILE)
    asked = {
        "experiments": home / "experiments.toml",
        "database_url": f"sqlite:///{home}/e.sqlite",
        "kept_answers": 100,
    }
    return start(**asked), start(**asked)


def test_every_worker_answers_by_the_same_arm_and_says_so(
    workers: tuple[TestClient, TestClient],
) -> None:
    arms = Counter()
    for user in USERS[:60]:
        answers = [listed(worker, user) for worker in workers]
        if "recommendations" not in answers[0]:
            continue
        told = answers[0]["experiment"]
        assert told == answers[1]["experiment"]
        assert told["name"] == "wide"
        wide = told["arm"] == "wide"
        assert len(answers[0]["recommendations"]) == (5 if wide else 12)  # home's own: 12
        assert answers[0]["order"]["diversity"] == (0.9 if wide else 0.0)
        said = workers[0].app.state.parts.impressions.read(answers[0]["impression_id"])  # type: ignore[attr-defined]
        assert (said.surface, said.experiment, said.arm) == ("home", "wide", told["arm"])
        subject = workers[0].app.state.parts.people.user(user)  # type: ignore[attr-defined]
        assert met(workers[1])[subject] == ("wide", told["arm"])
        arms[told["arm"]] += 1
    assert arms["plain"] > arms["wide"] > 0


def test_lists_that_take_no_part(workers: tuple[TestClient, TestClient]) -> None:
    client = workers[0]
    user = next(user for user in USERS[100:] if "recommendations" in listed(client, user))
    before = met(client)
    other = next(
        user
        for user in USERS[140:]
        if client.get(f"/v1/users/{user}/recommendations").status_code == 200
    )
    elsewhere = client.get(f"/v1/users/{other}/recommendations", params={"surface": "email"})
    assert elsewhere.json()["experiment"] is None
    assert listed(client, other, diversity=0.3)["experiment"] is None
    assert listed(client, other, k=7)["experiment"] is None
    assert met(client) == before
    assert listed(client, other, max_price=50)["experiment"]["name"] == "wide"
    assert listed(client, user)["experiment"] is not None
    assert listed(client, "never-seen")["status"] == 404
    assert len(met(client)) == len(before) + 1


def test_sessions_have_arms_of_their_own(workers: tuple[TestClient, TestClient]) -> None:
    arms: set[str] = set()
    names = (f"session-{number}" for number in range(100))  # three in four draw the same arm
    while arms != {"plain", "wide"}:
        name = next(names)
        row = {"session_id": name, "product_id": "KD-0101", "event": "view"}
        workers[0].post("/v1/events", json={"events": [row]})
        url = f"/v1/sessions/{name}/recommendations"
        answers = [w.get(url, params={"surface": "home"}).json() for w in workers]
        assert answers[0]["experiment"] == answers[1]["experiment"]
        arms.add(answers[0]["experiment"]["arm"])


def test_an_experiment_never_changes(start: Start, tmp_path: Path) -> None:
    file, url = tmp_path / "x.toml", f"sqlite:///{tmp_path}/x.sqlite"
    file.write_text(FILE)
    start(experiments=file, database_url=url)
    start(experiments=file, database_url=url)
    file.write_text(FILE.replace("share = 3", "share = 2"))
    with pytest.raises(StoreError, match=r"'wide' began as .*: give the changed one another name"):
        start(experiments=file, database_url=url)
    file.write_text(FILE.replace("wide", "wider"))
    client = start(experiments=file, database_url=url)
    known = client.app.state.parts.exposures  # type: ignore[attr-defined]
    assert list(known.began()) == ["wide", "wider"]
    with pytest.raises(NotFoundError, match="no experiment 'none' began; there are: wide, wider"):
        known.one("none")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[x.arms.a]\n", "at least 2 items"),
        ("[x.arms.a]\n[x.arms.b]\nshare = 0\n", "greater than 0"),
        ("[x.arms.a]\nshare = 1\n[x.arms.b]\nshare = 5000\n", "less than a thousandth"),
        ("[x.arms.a]\nk = 0\n[x.arms.b]\n", "greater than or equal to 1"),
        ("[x.arms.a]\nkind = 'bundles'\n[x.arms.b]\n", "Extra inputs"),
        ("[x]\nsurfaces=['attic']\n[x.arms.a]\n[x.arms.b]\n", "no place 'attic'"),
        ("[X.arms.a]\n[X.arms.b]\n", "should match pattern"),
        ("[x.arms.a]\n[x.arms.b]\n[y.arms.a]\n[y.arms.b]\n", "'x' and 'y' share a place"),
        ("not toml", "does not name experiments"),
    ],
)
def test_what_is_no_experiment(text: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "x.toml"
    file.write_text(text)
    with pytest.raises(StoreError, match=said):
        read_experiments(file, SURFACES)
    with pytest.raises(StoreError, match="does not name experiments"):
        read_experiments(tmp_path / "none.toml", SURFACES)
    assert read_experiments(None, SURFACES) == {}


def test_experiments_at_places_of_their_own(tmp_path: Path) -> None:
    file = tmp_path / "x.toml"
    file.write_text(FILE + FILE.replace("wide", "mail").replace("home", "email"))
    found = Experiments(read_experiments(file, SURFACES), PEOPLE)
    for place, name in (("home", "wide"), ("email", "mail")):
        drawn = found.drawn(place, set(), "user:1")
        assert drawn is not None
        assert drawn.experiment == name
    assert found.drawn("basket", set(), "user:1") is None
    assert found.drawn(None, set(), "user:1") is None


def test_an_arm_may_answer_from_another_snapshot(sample_store: Path, tmp_path: Path) -> None:
    import shutil

    from kg.snapshot import Snapshot

    root = copied(sample_store, tmp_path / "store")
    store = SnapshotStore(root)
    old = store.current()
    newer = root / "snapshots" / (old.id + "-newer")
    shutil.copytree(old.path, newer)
    store.switch(newer.name)
    file = tmp_path / "x.toml"
    file.write_text(f'[model.arms.new]\n[model.arms.old]\nsnapshot = "{old.id}"\n')
    with TestClient(create_app(Settings(store=root, experiments=file))) as client:
        found = {
            (answer["experiment"]["arm"], answer["snapshot"]["id"])
            for user in USERS[:40]
            if "experiment" in (answer := client.get(f"/v1/users/{user}/recommendations").json())
        }
        assert found == {("new", Snapshot(newer).id), ("old", old.id)}
        known = next(user for user in USERS if listed(client, user).get("experiment"))
        assert client.delete(f"/v1/users/{known}").json()["in_snapshot"]
        assert listed(client, known)["status"] == 404
        client.put("/v1/products/NEW-1", json={"title": "Red ceramic mug", "price": 3})
        lives = client.app.state.showing.pinned  # type: ignore[attr-defined]
        lives[old.id].catch_up()
        assert lives[old.id].service.knows("NEW-1")
    file.write_text('[model.arms.new]\n[model.arms.old]\nsnapshot = "none-such"\n')
    settings = Settings(store=root, experiments=file, database_url=f"sqlite:///{tmp_path}/o.sqlite")
    with pytest.raises(StoreError, match="no snapshot 'none-such'"):
        create_app(settings)
