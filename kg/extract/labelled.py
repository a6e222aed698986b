"""Labelled texts: what a span tagger is trained and measured on.

In: a JSON-lines file, one text a line: ``{"text": "3M Nitrile Gloves", "spans": [[0, 2, "brand"]],
"language": "en", "context": "gloves", "missing": ["type"]}``; the last three may be left out. Out:
`Labelled` records. Spans are characters, half open; spans of different labels may overlap.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from kg.errors import DatasetError

__all__ = ["Labelled", "read_labelled", "span_f1", "write_labelled"]

Characters = tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=1)], str]


class Labelled(BaseModel):
    """A text and the spans in it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str = Field(min_length=1)
    spans: tuple[Characters, ...] = Field((), description="start, end, label")
    language: str = Field("en", description="ISO 639-1")
    context: str = Field("", description="what the shop says the thing is, e.g. its category")
    missing: tuple[str, ...] = Field(
        (), description="labels that may stand in the text unmarked: not learned from it"
    )

    @model_validator(mode="after")
    def _spans_lie_in_the_text(self) -> Labelled:
        for start, end, label in self.spans:
            if not start < end <= len(self.text) or not label:
                raise ValueError(f"span {start}–{end} {label!r} is empty or leaves the text")
        return self


def read_labelled(path: Path) -> list[Labelled]:
    """The labelled texts of a file.

    Raises:
        DatasetError: the file cannot be read, or a line is no labelled text.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as exc:
        raise DatasetError(f"{path} cannot be read: {exc}") from exc
    found = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                found.append(Labelled.model_validate_json(line))
            except ValidationError as exc:
                first = exc.errors()[0]
                where = ".".join(map(str, first["loc"])) or "spans"
                raise DatasetError(f"{path}:{number}: {where}: {first['msg']}") from exc
    return found


def write_labelled(path: Path, texts: Iterable[Labelled]) -> None:
    """Write labelled texts as `read_labelled` reads them."""
    path.write_text("".join(f"{text.model_dump_json()}\n" for text in texts), encoding="utf-8")


def span_f1(
    gold: Sequence[Iterable[tuple[int, int, str]]], found: Sequence[Iterable[tuple[int, int, str]]]
) -> tuple[float, float, float]:
    """Precision, recall and F1 of spans that agree in start, end and label (strict)."""
    pairs = [(set(wanted), set(given)) for wanted, given in zip(gold, found, strict=True)]
    right = sum(len(wanted & given) for wanted, given in pairs)
    wanted, given = (sum(len(pair[side]) for pair in pairs) for side in (0, 1))
    precision, recall = right / given if given else 0.0, right / wanted if wanted else 0.0
    return precision, recall, 2 * right / (wanted + given) if wanted + given else 0.0
