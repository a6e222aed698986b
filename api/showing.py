"""Lists shown to somebody: by which arm, from which snapshot, under which impression id.

In: what is asked, and whose pseudonym asks. Out: options and service to answer with; then the
answer with its impression id, and word of the exposure. A kept answer (`api.answers`) is shared by
all who get the same list: what is a shopper's own is put on a copy.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from api.db.exposed import Exposure
from api.eventlog import now_us
from api.experiments import Drawn, Experiment, Experiments, read_experiments
from api.exposures import Exposures
from api.following import follow
from api.impressions import Impressions
from api.live import Live
from api.parts import Parts
from api.schemas import ExperimentOut, ListOptions, Recommendations
from api.search_schemas import SearchAnswer
from api.service import Service
from api.settings import Settings
from api.surfaces import Surface, at_place, settled
from kg.snapshot import SnapshotStore

__all__ = ["Asked", "Showing", "begin", "open_showing"]


@dataclass(frozen=True, slots=True)
class Asked:
    """How to answer somebody."""

    options: ListOptions
    service: Service
    subject: str  # pseudonym; empty: nobody in particular
    drawn: Drawn | None


class Showing:
    """Decides how lists are answered, and signs them. One per application."""

    def __init__(
        self,
        live: Live,
        pinned: Mapping[str, Live],
        surfaces: Mapping[str, Surface],
        experiments: Experiments,
        impressions: Impressions,
        exposures: Exposures,
    ) -> None:
        """Answer as these say.

        Args:
            live: the current snapshot.
            pinned: other snapshots that arms are answered from, by id.
            surfaces: places in the shop.
            experiments: those that run.
            impressions: signs.
            exposures: is told who met which experiment.
        """
        self._live, self.pinned, self._surfaces = live, pinned, surfaces
        self._experiments, self._impressions = experiments, impressions
        self._exposures = exposures

    @property
    def running(self) -> Collection[str]:
        """Names of the experiments that run."""
        return self._experiments.running.keys()

    def asked(self, options: ListOptions, subject: str) -> Asked:
        """How to answer a shopper: as asked for, else as the arm says, else as the place does.

        Args:
            options: what is asked for, without what the place says.
            subject: pseudonym of who asks; empty: nobody in particular.

        Raises:
            NotFoundError: there is no such place.
        """
        drawn = None
        if subject:
            drawn = self._experiments.drawn(options.surface, options.model_fields_set, subject)
        service = self._live.service
        if drawn is not None:
            options = settled(options, drawn.settings)
            if drawn.settings.snapshot is not None:
                service = self.pinned[drawn.settings.snapshot].service
        return Asked(at_place(options, self._surfaces), service, subject, drawn)

    def shown(self, answer: Recommendations, asked: Asked) -> Recommendations:
        """An answer as it goes to who asked."""
        at_us, drawn = now_us(), asked.drawn
        told: dict[str, object] = {
            "impression_id": self._impressions.issue(
                at_us,
                asked.subject,
                [item.product.id for item in answer.recommendations],
                surface=asked.options.surface or "",
                experiment=drawn.experiment if drawn else "",
                arm=drawn.arm if drawn else "",
            )
        }
        if drawn is not None:
            told["experiment"] = ExperimentOut(name=drawn.experiment, arm=drawn.arm)
            self._exposures.note(Exposure(drawn.experiment, asked.subject, drawn.arm, at_us))
        return answer.model_copy(update=told)

    def found(self, answer: SearchAnswer, subject: str) -> SearchAnswer:
        """A search's answer as it goes to who asked; its place is ``search``."""
        products = [item.product.id for item in answer.results]
        name = self._impressions.issue(now_us(), subject, products, surface="search")
        return answer.model_copy(update={"impression_id": name})


def begin(
    parts: Parts, settings: Settings, surfaces: Mapping[str, Surface]
) -> Mapping[str, Experiment]:
    """The experiments the settings name, kept as they are from now on.

    Raises:
        StoreError: the file does not hold, an experiment began as another, or a snapshot of an arm
            is not there.
    """
    running = read_experiments(settings.experiments, surfaces)
    for experiment in running.values():
        for arm in experiment.arms.values():
            if arm.snapshot is not None:
                SnapshotStore(settings.store).find(arm.snapshot)
    parts.exposures.begin(running)
    return running


def open_showing(
    live: Live, parts: Parts, settings: Settings, surfaces: Mapping[str, Surface]
) -> Showing:
    """Begin the experiments and load what they need.

    Raises:
        StoreError: an experiment cannot begin (`begin`).
        ModelError: a snapshot of an arm has no model.
    """
    running = begin(parts, settings, surfaces)
    wanted = {arm.snapshot for one in running.values() for arm in one.arms.values()}
    pinned = {name: live.pinned(name) for name in wanted if name is not None}
    for other in pinned.values():
        follow(other, parts, settings)
    experiments = Experiments(running, parts.people)
    return Showing(live, pinned, surfaces, experiments, parts.impressions, parts.exposures)
