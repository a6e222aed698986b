"""The shop's rules: pin, boost, bury, exclude."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from api.access import needs
from api.routes.deps import CurrentParts
from api.rulebook import shown
from api.schemas_events import RuleIn, RuleOut, RulesOut
from api.threads import waits

__all__ = ["router"]

router = APIRouter(prefix="/v1/rules", tags=["merchandising"], dependencies=[needs("admin")])

RuleId = Annotated[
    str, Path(pattern="^[A-Za-z0-9._-]{1,64}$", examples=["summer-sale"], description="your own id")
]


@router.get("", summary="List rules")
@waits
def listed(parts: CurrentParts) -> RulesOut:
    """Every rule, valid now or not, by id: the order in which they apply."""
    return RulesOut(rules=[shown(rule) for rule in parts.rules.all()])


@router.put("/{rule_id}", summary="Put a rule")
@waits
def put(parts: CurrentParts, rule_id: RuleId, body: RuleIn) -> RuleOut:
    """Add a rule or replace it; every worker follows it within a second."""
    return parts.rules.put(rule_id, body)


@router.delete("/{rule_id}", status_code=204, summary="Remove a rule")
@waits
def remove(parts: CurrentParts, rule_id: RuleId) -> None:
    """Remove a rule; every worker forgets it within a second."""
    parts.rules.remove(rule_id)
