"""What a language model is asked: the product's facts, and to say nothing else."""

from __future__ import annotations

from commerce.describe.writers import Brief
from kg.ontology_terms import Schema

__all__ = ["fact_lines", "prompt_of", "rephrase_prompt"]

_LANGUAGE = {"en": "English", "zh": "Chinese"}
_SENTENCES = {"short": "one or two", "medium": "three or four", "long": "five or six"}
_MANNER = {
    "plain": "Write plainly.",
    "warm": "Write in a friendly tone, but do not praise.",
    "list": "Write one short line per fact.",
}


def prompt_of(brief: Brief, schema: Schema) -> tuple[str, str]:
    """System and user message for a description."""
    config = brief.config
    language = _LANGUAGE.get(config.language, config.language)
    system = (
        f"You write product descriptions in {language}. Use only the facts you are given and all "
        "of them. Invent nothing: no feature, number, material, colour, praise, comparison or "
        "promise. Answer with the description alone."
    )
    user = (
        f"Describe this product in {_SENTENCES[config.length]} short sentences. "
        f"{_MANNER[config.style]}\n\n" + "\n".join(fact_lines(brief, schema))
    )
    return system, user


def fact_lines(brief: Brief, schema: Schema) -> list[str]:
    """The facts, one a line: ``colour: oatmeal``."""
    language = brief.config.language
    lines = [f"title: {brief.title}"]
    for relation, names in brief.values.items():
        labels = schema.relations[relation].label
        lines.append(f"{labels.get(language) or labels[schema.languages[0]]}: {', '.join(names)}")
    if brief.price is not None:
        lines.append(f"price: {brief.price}")
    return lines


def rephrase_prompt(words: str, language: str) -> tuple[str, str]:
    """System and user message for an explanation to be said in other words."""
    spoken = _LANGUAGE.get(language, language)
    system = (
        f"You rephrase one sentence in {spoken}. Keep every name and number as it is, add "
        "nothing, leave nothing out. Answer with the sentence alone."
    )
    return system, words
