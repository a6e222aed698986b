"""How the arms of an experiment did, person by person.

In: exposures, merges and events of the log. Out: `ReportOut`. A person is a user with their merged
sessions, or a session alone; they count once, for the arm they met first, whatever they met or did
later (intention to treat): no choice of theirs moves them between the groups that are compared.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Select, func, select

from api.db.tables import events, exposures, merges
from api.eventlog import EventLog
from api.experiments import Experiment
from api.exposures import Began, Exposures
from api.schemas_experiments import (
    ArmOut,
    ArmSummary,
    ComparedOut,
    Counted,
    DifferenceOut,
    ExperimentSummary,
    MeanOut,
    ReportOut,
    ShareOut,
)
from commerce.comparison import (
    Difference,
    mean,
    mean_difference,
    mismatch,
    share,
    share_difference,
)

__all__ = ["report", "summary"]

_DONE = ("view", "cart", "purchase")
_MISMATCH_P = 0.001
_AT_ONCE = 10_000  # rows


@dataclass(slots=True)
class _Person:
    """Someone who met the experiment."""

    arm: str
    at_us: int  # when first
    switched: bool = False
    viewed: bool = False
    did: dict[str, list[tuple[str, float | None]]] = field(
        default_factory=lambda: defaultdict(list)
    )  # cart or purchase, and money, by product

    def has(self, event: str) -> bool:
        if event == "view":
            return self.viewed
        return any(done == event for acts in self.did.values() for done, _ in acts)

    def purchases(self) -> Iterator[float | None]:
        return (money for acts in self.did.values() for done, money in acts if done == "purchase")


def summary(name: str, began: Began, running: bool | None = None) -> ExperimentSummary:
    """An experiment as it is listed."""
    experiment, at_us = began
    return ExperimentSummary(
        name=name,
        began=_time(at_us),
        running=running,
        surfaces=list(experiment.surfaces),
        arms=[
            ArmSummary(
                name=arm,
                share=part,
                settings=said.model_dump(mode="json", exclude={"share"}, exclude_none=True),
            )
            for (arm, said), part in zip(experiment.arms.items(), experiment.shares(), strict=True)
        ],
    )


def report(
    log: EventLog,
    known: Exposures,
    name: str,
    *,
    counted: Counted = "after",
    level: float = 0.95,
) -> ReportOut:
    """Compare an experiment's arms with its first.

    Args:
        log: of events.
        known: the experiments that began.
        name: of the experiment.
        counted: after: all that people did once they had met it; attributed: what came with the
            impression id of one of its lists.
        level: confidence of the intervals, in (0, 1).

    Raises:
        NotFoundError: no experiment of this name began.
        StoreError: the database does not answer.
    """
    experiment, began = known.one(name)
    people = _people(log, name, counted)
    groups: dict[str, list[_Person]] = {arm: [] for arm in experiment.arms}
    for person in people:
        groups[person.arm].append(person)
    sizes = [len(group) for group in groups.values()]
    p_value = mismatch(sizes, experiment.shares()) if sum(sizes) else None
    unequal = p_value is not None and p_value < _MISMATCH_P
    return ReportOut(
        experiment=name,
        began=_time(began),
        counted=counted,
        level=level,
        arms=_arms(experiment, groups, level),
        mismatch_p_value=p_value,
        mismatch=unequal,
        notes=_notes(people, unequal),
    )


def _people(log: EventLog, name: str, counted: Counted) -> list[_Person]:
    """Who met an experiment, with what they did."""
    tenant = log.tenant
    with log.database.reading() as connection:
        pairs = select(merges.c.session, merges.c.user).where(merges.c.tenant == tenant)
        user_of: dict[str, str] = {row.session: row.user for row in connection.execute(pairs)}
        query = select(exposures.c.subject, exposures.c.arm, exposures.c.at).where(
            exposures.c.tenant == tenant, exposures.c.experiment == name
        )
        people: dict[str, _Person] = {}  # by pseudonym
        for subject, arm, at_us in connection.execute(query.order_by(exposures.c.at)):
            who = user_of.get(subject, subject)
            first = people.setdefault(who, _Person(arm, at_us))
            first.switched |= arm != first.arm
        for query in (_views(tenant), _purchases(tenant)):
            for row in connection.execution_options(yield_per=_AT_ONCE).execute(query):
                person = people.get(user_of.get(row.subject, row.subject))
                if person is not None:
                    _take(person, row, name, counted)
    return list(people.values())


def _views(tenant: str) -> Select[Any]:
    """The last view of each subject, due to each experiment: most events of a log are views."""
    last = func.max(events.c.at).label("at")
    view = events.c.event.label("event")
    return (
        select(events.c.subject, events.c.experiment, view, last)
        .where(events.c.tenant == tenant, events.c.event == "view")
        .group_by(events.c.subject, events.c.experiment, events.c.event)
    )


def _purchases(tenant: str) -> Select[Any]:
    """Every cart, purchase and removal, oldest first."""
    names = ("subject", "experiment", "event", "at", "product", "value", "quantity")
    return (
        select(*(events.c[name] for name in names))
        .where(events.c.tenant == tenant, events.c.event.in_(("cart", "purchase", "remove")))
        .order_by(events.c.at, events.c.id)
    )


def _take(person: _Person, row: Any, name: str, counted: Counted) -> None:
    """Count a row of the log, later ones after earlier ones."""
    due = row.experiment == name or (counted == "after" and row.at >= person.at_us)
    if row.event == "view":
        person.viewed |= due
    elif row.event == "remove":
        person.did.pop(row.product, None)
    elif due:
        units = 1.0 if row.quantity is None else row.quantity
        money = None if row.value is None else row.value * units
        person.did[row.product].append((row.event, money))


def _arms(experiment: Experiment, groups: dict[str, list[_Person]], level: float) -> list[ArmOut]:
    figures = {arm: _Figures(group) for arm, group in groups.items()}
    first = next(iter(figures.values()))
    several = len(groups) - 1
    strict = 1 - (1 - level) / several
    return [
        ArmOut(
            name=arm,
            share=part,
            people=found.people,
            switched=sum(person.switched for person in groups[arm]),
            view=found.share("view", level),
            cart=found.share("cart", level),
            purchase=found.share("purchase", level),
            revenue=found.revenue(level),
            against_first=None if found is first else found.against(first, strict, several),
        )
        for (arm, found), part in zip(figures.items(), experiment.shares(), strict=True)
    ]


class _Figures:
    """Sums of an arm's people."""

    def __init__(self, group: Sequence[_Person]) -> None:
        self.people = len(group)
        self.counts = {event: sum(person.has(event) for person in group) for event in _DONE}
        self.spent: NDArray[np.float64] = np.array(
            [math.fsum(filter(None, person.purchases())) for person in group], dtype=np.float64
        )

    def share(self, event: str, level: float) -> ShareOut | None:
        if not self.people:
            return None
        count = self.counts[event]
        found = share(count, self.people, level)
        return ShareOut(count=count, rate=found.value, low=found.low, high=found.high)

    def revenue(self, level: float) -> MeanOut | None:
        if not self.people:
            return None
        found = mean(self.spent, level)
        total = math.fsum(self.spent)
        return MeanOut(
            total=total, mean=found.value, low=_finite(found.low), high=_finite(found.high)
        )

    def against(self, first: _Figures, level: float, several: int) -> ComparedOut | None:
        if not self.people or not first.people:
            return None
        of = (first.people, self.people)
        view, cart, purchase = (
            share_difference((first.counts[event], self.counts[event]), of, level)
            for event in _DONE
        )
        revenue = mean_difference(first.spent, self.spent, level)
        return ComparedOut(
            view=_told(view, several),
            cart=_told(cart, several),
            purchase=_told(purchase, several),
            revenue=_told(revenue, several),
        )


def _told(found: Difference, several: int) -> DifferenceOut:
    return DifferenceOut(
        value=found.value,
        low=_finite(found.low),
        high=_finite(found.high),
        p_value=min(1.0, found.p_value * several),
    )


def _notes(people: Sequence[_Person], unequal: bool) -> list[str]:
    notes = []
    if unequal:
        notes.append(
            "the numbers of people do not fit the shares: something keeps people out of an arm; "
            "find out what before you believe any other figure"
        )
    unpriced = sum(money is None for person in people for money in person.purchases())
    if unpriced:
        notes.append(f"{unpriced:,} purchases came without a value and count as no revenue")
    return notes


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None


def _time(at_us: int) -> datetime:
    return datetime.fromtimestamp(at_us / 1e6, UTC)
