"""The shop's rules, kept in the service's database and the same in every worker.

Read at each recommendation, through a copy that is at most a second old. In: `api.schemas_events`
records. Out: `commerce.rules.Rule` records.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Delete, delete, insert, select

from api.db.engine import Database
from api.db.tables import rules
from api.schemas_events import RuleIn, RuleOut
from commerce.rules import Action, Rule
from kg.errors import NotFoundError

__all__ = ["Rulebook", "shown"]

_FRESH_S = 1.0


class Rulebook:
    """Rules of one tenant. Safe to share between threads."""

    def __init__(self, database: Database, tenant: str = "default") -> None:
        self._database = database
        self._tenant = tenant
        self._lock = threading.Lock()
        self._read: tuple[float, tuple[Rule, ...]] = (-_FRESH_S, ())
        self._changes = 0  # made by this process: what was read before one is not kept after it

    def all(self) -> Sequence[Rule]:
        """Every rule, valid now or not, by id."""
        now = time.monotonic()
        with self._lock:
            (at, known), changes = self._read, self._changes
        if now - at < _FRESH_S:
            return known
        query = select(rules).where(rules.c.tenant == self._tenant).order_by(rules.c.id)
        with self._database.reading() as connection:
            found = tuple(_rule(row) for row in connection.execute(query).mappings())
        with self._lock:
            if changes == self._changes:
                self._read = (now, found)
        return found

    def put(self, rule_id: str, rule: RuleIn) -> RuleOut:
        """Add a rule, or put it in place of the one with its id."""
        row = {
            "tenant": self._tenant,
            "id": rule_id,
            "action": rule.action,
            "target": rule.target,
            "amount": rule.amount,
            "starts": _microseconds(rule.starts),
            "ends": _microseconds(rule.ends),
            "note": rule.note,
        }
        with self._database.writing() as connection:
            connection.execute(self._one(rule_id))
            connection.execute(insert(rules).values(row))
        self._forget()
        return shown(_rule(row))

    def remove(self, rule_id: str) -> None:
        """Remove a rule.

        Raises:
            NotFoundError: there is no such rule.
        """
        with self._database.writing() as connection:
            if not connection.execute(self._one(rule_id)).rowcount:
                raise NotFoundError(f"no rule {rule_id!r}; GET /v1/rules lists the rules there are")
        self._forget()

    def _one(self, rule_id: str) -> Delete:
        return delete(rules).where(rules.c.tenant == self._tenant, rules.c.id == rule_id)

    def _forget(self) -> None:
        with self._lock:
            self._changes += 1
            self._read = (-_FRESH_S, ())


def _rule(row: Any) -> Rule:
    return Rule(
        id=row["id"],
        action=row["action"],
        target=row["target"],
        amount=1.0 if row["amount"] is None else row["amount"],
        starts=_time(row["starts"]),
        ends=_time(row["ends"]),
        note=row["note"],
    )


def shown(rule: Rule) -> RuleOut:
    """A rule as it goes over the wire."""
    action: Action = rule.action
    return RuleOut(
        id=rule.id,
        action=action,
        target=rule.target,
        amount=None if action == "exclude" else rule.amount,
        starts=rule.starts,
        ends=rule.ends,
        note=rule.note,
        valid_now=rule.valid(datetime.now(UTC)),
    )


def _time(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else datetime.fromtimestamp(microseconds / 1e6, UTC)


def _microseconds(moment: datetime | None) -> int | None:
    return None if moment is None else round(moment.timestamp() * 1e6)
