"""What goes over the wire about experiments: which there are, and how their arms did."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "ArmOut",
    "ArmSummary",
    "ComparedOut",
    "Counted",
    "DifferenceOut",
    "ExperimentSummary",
    "ExperimentsOut",
    "Level",
    "MeanOut",
    "ReportOut",
    "ShareOut",
]

Counted = Literal["after", "attributed"]
"""Which events count: all that someone did after they met the experiment, or those alone that came
with the impression id of one of its lists."""
Level = Annotated[float, Field(ge=0.5, le=0.999, description="confidence of the intervals")]


class _Out(BaseModel):
    model_config = ConfigDict(frozen=True)


class ShareOut(_Out):
    """How many people did something at least once."""

    count: int
    rate: float = Field(description="of the arm's people")
    low: float = Field(description="end of Wilson's interval")
    high: float


class MeanOut(_Out):
    """What people spent, taken back purchases left out, in the money the events are in."""

    total: float
    mean: float = Field(description="of one person, those who spent nothing with them")
    low: float | None = Field(description="end of Student's interval; null: too few people")
    high: float | None


class DifferenceOut(_Out):
    """What an arm has over the first."""

    value: float
    low: float | None = Field(
        description="end of the interval: of rates by Newcombe, of means by Welch, by Bonferroni "
        "for the number of arms; null: too few people"
    )
    high: float | None
    p_value: float = Field(description="of no difference at all; by Bonferroni too")


class ComparedOut(_Out):
    """An arm beside the first."""

    view: DifferenceOut
    cart: DifferenceOut
    purchase: DifferenceOut
    revenue: DifferenceOut


class ArmOut(_Out):
    """How an arm did."""

    name: str
    share: float = Field(description="as defined; all arms' add up to 1")
    people: int = Field(description="who met it first of all arms, once each")
    switched: int = Field(description="of them, those who met another arm later, at login")
    view: ShareOut | None = Field(description="null: nobody met the arm yet")
    cart: ShareOut | None
    purchase: ShareOut | None
    revenue: MeanOut | None
    against_first: ComparedOut | None = Field(description="null: it is the first, or none to tell")


class ReportOut(_Out):
    """How an experiment's arms did."""

    experiment: str
    began: datetime
    counted: Counted
    level: float
    arms: list[ArmOut] = Field(description="in their order; the others are compared with the first")
    mismatch_p_value: float | None = Field(
        description="of numbers of people as far from the shares as these; null: nobody yet"
    )
    mismatch: bool = Field(description="below 0.001: something keeps people out of an arm")
    notes: list[str]


class ArmSummary(_Out):
    """An arm as it is defined."""

    name: str
    share: float
    settings: dict[str, Any] = Field(description="what its lists are asked for by default")


class ExperimentSummary(_Out):
    """An experiment as it is defined."""

    name: str
    began: datetime
    running: bool | None = Field(description="whether this service draws arms; null: not known")
    surfaces: list[str] = Field(description="places whose lists take part; none: all lists")
    arms: list[ArmSummary]


class ExperimentsOut(_Out):
    """Every experiment that began, running or not."""

    experiments: list[ExperimentSummary]
