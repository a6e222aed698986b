"""Experiments: which of several configurations a shopper is answered with, always the same one.

In: a TOML file, a table for each experiment. Out: the arm of a shopper, drawn by a keyed hash of
experiment and pseudonym, so that every worker draws the same and nothing is kept. What an
experiment is never changes once it began (`api.exposures`): a change is another experiment.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate, combinations
from pathlib import Path
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from api.people import Pseudonyms
from api.schemas import Name
from api.surfaces import Defaults, Surface, place
from kg.errors import ClewError, StoreError

__all__ = ["Arm", "Drawn", "Experiment", "Experiments", "read_experiments"]


class Arm(Defaults):
    """One of the configurations compared: defaults, over those of the place, and a snapshot."""

    share: float = Field(
        1.0, gt=0, le=1e6, description="of the shoppers, in relation to the others"
    )
    snapshot: str | None = Field(
        None, max_length=100, description="id of the snapshot to answer from; null: the current one"
    )

    @property
    def said(self) -> frozenset[str]:
        """Names of the options it says something of."""
        return frozenset(name for name in Defaults.model_fields if getattr(self, name) is not None)


class Experiment(BaseModel):
    """What is compared, and where."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    surfaces: tuple[Name, ...] = Field(
        (), description="places whose lists take part; none: all lists, whatever their place"
    )
    arms: dict[Name, Arm] = Field(
        min_length=2, max_length=20, description="by name; the others are compared with the first"
    )

    @model_validator(mode="after")
    def _comparable(self) -> Experiment:
        total = sum(arm.share for arm in self.arms.values())
        small = [name for name, arm in self.arms.items() if arm.share < total / 1000]
        if small:
            raise ValueError(f"arm {small[0]!r} has less than a thousandth of all; raise its share")
        return self

    @property
    def said(self) -> frozenset[str]:
        """Names of the options that any arm says something of."""
        return frozenset[str]().union(*(arm.said for arm in self.arms.values()))

    def shares(self) -> list[float]:
        """Of the arms, in their order; they add up to 1."""
        total = sum(arm.share for arm in self.arms.values())
        return [arm.share / total for arm in self.arms.values()]

    def meets(self, other: Experiment) -> bool:
        """Whether a list could take part in both."""
        everywhere = not self.surfaces or not other.surfaces
        return everywhere or bool(set(self.surfaces) & set(other.surfaces))


@dataclass(frozen=True, slots=True)
class Drawn:
    """The arm a shopper is in."""

    experiment: str
    arm: str
    settings: Arm


_FILE = TypeAdapter(dict[Name, Experiment])


def read_experiments(
    path: Path | None, surfaces: Mapping[str, Surface]
) -> Mapping[str, Experiment]:
    """The experiments a file names; none where there is no file.

    Raises:
        StoreError: the file cannot be read, says what no experiment has, names a place there is
            not, or two experiments that a list could be part of at once.
    """
    if path is None:
        return MappingProxyType({})
    try:
        found = _FILE.validate_python(tomllib.loads(path.read_text(encoding="utf-8")))
        for experiment in found.values():
            for surface in experiment.surfaces:
                place(surfaces, surface)
        for (name, one), (other_name, other) in combinations(found.items(), 2):
            if one.meets(other):
                raise StoreError(
                    f"{name!r} and {other_name!r} share a place, so a list could be part of both; "
                    "give each surfaces of its own"
                )
    except (OSError, tomllib.TOMLDecodeError, ValidationError, ClewError) as exc:
        raise StoreError(f"{path} does not name experiments: {exc}") from exc
    return found


class Experiments:
    """The experiments that run."""

    def __init__(self, running: Mapping[str, Experiment], people: Pseudonyms) -> None:
        self.running, self._people = running, people
        self._at: dict[str | None, str] = {
            surface: name for name, one in running.items() for surface in one.surfaces or (None,)
        }
        self._said = {name: one.said for name, one in running.items()}
        self._arms = {
            name: [
                (end, Drawn(name, arm, said))
                for end, (arm, said) in zip(accumulate(one.shares()), one.arms.items(), strict=True)
            ]
            for name, one in running.items()
        }

    def drawn(self, surface: str | None, given: set[str], subject: str) -> Drawn | None:
        """The arm of a shopper for a list; None where the list is part of no experiment.

        A request that says itself what the arms differ in takes no part, whichever the arm.

        Args:
            surface: place of the list; None: not named.
            given: names of the options the request gives.
            subject: pseudonym of the shopper or session.
        """
        if not self.running:
            return None
        name = self._at.get(surface) or self._at.get(None)
        if name is None or self._said[name] & given:
            return None
        return self.assigned(name, subject)

    def assigned(self, name: str, subject: str) -> Drawn:
        """The arm of a shopper in an experiment that runs."""
        said, arms = f"{name}\0{subject}".encode(), self._arms[name]
        point = int.from_bytes(self._people.keyed(b"arm", said, 8), "big") / 2**64
        return next((drawn for end, drawn in arms if point < end), arms[-1][1])
