"""Explanations in other words: a language model may rephrase, the verifier decides.

In: a path with its words, and what a model made of them. Out: the model's words where they say what
the path's edges say and no more, else the path's own. The names of the products and every number
have to stay; what is said of the recommended product has to be an edge of the path; every other
word has to be neutral or one of the original sentence's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from commerce.describe.prompt import rephrase_prompt
from commerce.describe.records import Claim, Reason
from commerce.describe.tokens import is_number
from commerce.describe.verify import Verifier
from gnn.words import Names
from kg.records import Fact, Path, Product

__all__ = ["Reworded", "reword"]

Ask = Callable[[str, str], str]
"""System and user message -> answer, e.g. `commerce.describe.endpoint.EndpointWriter.ask`."""

_STAND_INS: Final = ("Alphaproduct", "Betaproduct", "Gammaproduct")


@dataclass(frozen=True, slots=True)
class Reworded:
    """A path's words after a model was asked."""

    words: str  # what to show
    by_model: bool
    claims: tuple[Claim, ...]  # of the model's words; empty where the path's own stay
    refused: str | None  # the model's words, where they were not accepted
    reason: Reason | None
    detail: str  # why; empty where they were accepted


def reword(path: Path, ask: Ask, verifier: Verifier, names: Names) -> Reworded:
    """A path's words, rephrased where that holds.

    Args:
        path: with its words, in the verifier's language.
        ask: asks the model.
        verifier: of the language of the words.
        names: of the graph's entities.

    Raises:
        WriterError: the model cannot be asked.
    """
    language = verifier.wording.language
    answer = " ".join(ask(*rephrase_prompt(path.words, language)).split())
    ids = [path.history_product, path.product, *([path.kin] if path.kin else [])]
    titles = dict.fromkeys(names.name(entity, language) for entity in ids)
    original, said = path.words, answer
    for stand_in, title in zip(_STAND_INS, sorted(titles, key=len, reverse=True), strict=False):
        if title in original and title not in said:
            return _refused(path, answer, "claim", f"the name “{title}” is missing")
        original, said = original.replace(title, stand_in), said.replace(title, stand_in)
    missing = _numbers(original, verifier) - _numbers(said, verifier)
    if missing:
        return _refused(path, answer, "number", f"{', '.join(sorted(missing))} is missing")
    facts = [
        Fact(edge.subject, edge.relation, edge.object, None, edge.confidence, edge.source)
        for edge in path.edges
        if edge.subject in (path.product, path.history_product)
    ]
    named = {fact.object: names.name(fact.object, language) for fact in facts}
    product = Product("explained", original, language=language)
    checked = verifier.check(said, verifier.known(product, facts, named))
    if checked.removed:
        first = checked.removed[0]
        return _refused(path, answer, first.reason, f"“{first.words}”: {first.detail}")
    if not checked.text:
        return _refused(path, answer, "empty", "the model said nothing")
    if said == answer:  # spans count the text that is shown
        return Reworded(answer, True, checked.claims, None, None, "")
    return Reworded(answer, True, (), None, None, "")


def _numbers(text: str, verifier: Verifier) -> set[str]:
    return {token.norm for token in verifier.tokenizer(text) if is_number(token)}


def _refused(path: Path, answer: str, reason: Reason, detail: str) -> Reworded:
    return Reworded(path.words, False, (), answer, reason, detail)
