"""The service keeps to its OpenAPI document, whatever it is sent (Schemathesis, all checks)."""

import os
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from api.db import database_url, open_database
from api.keys import SCOPES, Keys
from tests.api.conftest import Start

EXAMPLES = int(os.environ.get("CLEW_CONTRACT_EXAMPLES", "3"))
"""Requests of each kind to each operation."""

_FREER = {
    "POST /v1/query/cypher",
    "POST /v1/query/sparql",
    "PUT /v1/rules/{rule_id}",
}
"""What these are sent may be wrong in ways that a JSON schema cannot say."""
_BEYOND_SCHEMA = [positive_data_acceptance]


@pytest.fixture(scope="module")
def token(store: Path) -> str:
    database = open_database(database_url(store, None))
    made, _ = Keys(database).create("contract", SCOPES, per_minute=10**6)
    database.close()
    return made


@pytest.fixture(scope="module")
def document(
    start: Start, token: str, tmp_path_factory: pytest.TempPathFactory
) -> schemathesis.BaseSchema:
    file = tmp_path_factory.mktemp("experiments") / "experiments.toml"
    file.write_text("[diverse_home.arms.plain]\n[diverse_home.arms.diverse]\ndiversity = 0.5\n")
    client = start(query_timeout_s=2, keys="required", guesses_per_minute=10**6, experiments=file)
    _ = client.app.state.live.service.searcher  # type: ignore[attr-defined]  # made before it counts
    client.app.state.live._overlay.prepare()  # type: ignore[attr-defined]  # which takes seconds
    return schemathesis.openapi.from_asgi("/openapi.json", client.app)


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_every_answer_is_documented(
    document: schemathesis.BaseSchema, token: str, mode: GenerationMode
) -> None:
    wrong: list[str] = []
    count = 0
    for found in document.get_all_operations():
        operation = found.ok()

        @given(case=operation.as_strategy(generation_mode=mode))
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        def ask(case: schemathesis.Case) -> None:
            case.call_and_validate(
                headers={"Authorization": f"Bearer {token}"},
                excluded_checks=_BEYOND_SCHEMA if case.operation.label in _FREER else None,
            )

        try:
            ask()
        except Unsatisfiable:
            assert not operation.body, operation.label  # a GET takes nothing that could be wrong
        except (Exception, BaseExceptionGroup) as exc:  # noqa: BLE001 - all operations are asked
            wrong.append(f"{operation.label}: {exc}")
        count += 1
    assert count >= 27
    assert not wrong, "\n\n".join(wrong)
