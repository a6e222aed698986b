"""Experiments: which there are, and how their arms did."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from api.access import needs
from api.experiment_report import report, summary
from api.routes.deps import CurrentParts, CurrentShowing
from api.schemas_experiments import Counted, ExperimentsOut, Level, ReportOut
from api.threads import waits

__all__ = ["router"]

router = APIRouter(prefix="/v1/experiments", tags=["analysts"], dependencies=[needs("analyst")])

ExperimentName = Annotated[str, Path(pattern="^[a-z][a-z0-9_-]{0,63}$", examples=["diverse_home"])]


@router.get("", summary="List experiments")
@waits
def listed(parts: CurrentParts, showing: CurrentShowing) -> ExperimentsOut:
    """Every experiment that ever began, as it is defined."""
    return ExperimentsOut(
        experiments=[
            summary(name, began, name in showing.running)
            for name, began in parts.exposures.began().items()
        ]
    )


@router.get("/{name}/report", summary="How the arms did")
@waits
def reported(
    parts: CurrentParts,
    name: ExperimentName,
    counted: Annotated[
        Counted,
        Query(
            description="after: all that people did once they had met the experiment; attributed: "
            "what came with the impression id of one of its lists"
        ),
    ] = "after",
    level: Annotated[Level, Query()] = 0.95,
) -> ReportOut:
    """People who met each arm first, how many of them viewed, put into the basket and bought, what
    they spent, and what each arm has over the first, with intervals and p-values.
    """
    return report(parts.log, parts.exposures, name, counted=counted, level=level)
