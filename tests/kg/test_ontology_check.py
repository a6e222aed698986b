"""Checking an ontology: the tiny one with one fault at a time, each told."""

import re
from pathlib import Path

import pytest

from kg.errors import OntologyError
from kg.schema import check_ontology, load_schema
from tests.tiny_ontology import write_ontology

FAULTS = [
    # prefixes, triples
    (("@prefix use: <https://w3id.org/clew/use/> .\n\ncolour:", "@prefix use: <urn:u> .\ncolour:"),
     r"vocab/use\.ttl:3: prefix 'use' is <https://w3id.org/clew/use/> here but <urn:u> else"),
    (("@prefix unit: <https", "@prefix u: <https://w3id.org/clew/unit/> .\n@prefix unit: <https"),
     r"vocab/unit\.ttl:5: prefixes 'u' and 'unit' both name <.*>; keep one of them"),
    (("skos:exactMatch qudt:CentiM", "skos:exactMatch [ ]"),
     r"unit\.ttl:\d+: skos:exactMatch: skos:exactMatch with a blank node .*; give the term a name"),
    (("clew:near", "clew:nears"),
     r"colour\.ttl:18: colour:orange: clew:nears is not a term .*; did you mean clew:near\?"),
    (("skos:hiddenLabel", "skos:zzz"),
     r"colour:orange: skos:zzz is not a term Clew knows; remove it"),
    # header
    (('clew:languages "en zh" .', 'rdfs:label "Clew"@en .'),
     r"the owl:Ontology needs clew:languages once"),
    # classes
    (('clew:nodeLabel "Use" .', 'rdfs:comment "x"@en .'),
     r"clew\.ttl:\d+: clew:Use: has 0 clew:nodeLabel; it needs exactly one \(the label of"),
    (('clew:nodeLabel "Use" .', 'clew:nodeLabel "used for" .'),
     r"clew:Use: clew:nodeLabel 'used for' does not match \[A-Z\]"),
    (('clew:nodeLabel "Use" .', 'clew:nodeLabel "Unit" .'),
     r"clew:nodeLabel 'Unit' is taken by clew:Unit; choose another"),
    (('clew:nodeLabel "Use" .', 'clew:nodeLabel "Use" ; clew:idPrefix "Use" .'),
     r"clew\.ttl:\d+: clew:Use: clew:idPrefix 'Use' does not match \[a-z\]"),
    (('clew:nodeLabel "Use" .', 'clew:nodeLabel "Use" ; clew:idPrefix "brand" .'),
     r"clew:Use: clew:idPrefix 'brand' is taken by a namespace; choose another"),
    (('clew:nodeLabel "Use" .', 'clew:nodeLabel "Use" ; clew:idPrefix "goal" , "purpose" .'),
     r"clew:Use: has 2 clew:idPrefix; keep one"),
    # relations
    (('  clew:relationshipType "HAS_SIZE" ;\n', ""),
     r"clew:size: has 0 clew:relationshipType; it needs exactly one \(its name in Cypher\)"),
    (('"HAS_SIZE"', '"has size"'), r"clew:relationshipType 'has size' does not match \[A-Z\]"),
    (('clew:relationshipType "price"', 'clew:relationshipType "Price"'),
     r"clew:relationshipType 'Price' does not match \[a-z\]"),
    (('"USED_FOR"', '"HAS_SIZE"'), r"clew:relationshipType 'HAS_SIZE' is taken by clew:size"),
    (("schema:rangeIncludes clew:Measure", "schema:rangeIncludes clew:Mesure"),
     r"clew\.ttl:37: clew:size: unknown range clew:Mesure; declare it as an owl:Class or mend"),
    (("  schema:rangeIncludes clew:Measure ;\n", ""),
     r"clew:size: has no schema:rangeIncludes; name a class"),
    (("schema:rangeIncludes xsd:decimal", "schema:rangeIncludes clew:Use"),
     r"schema:price: range clew:Use: a literal relation needs a datatype"),
    (("schema:rangeIncludes clew:Use", "schema:rangeIncludes xsd:string"),
     r"clew:usedFor: range xsd:string: not a class"),
    (("schema:rangeIncludes clew:Use", 'schema:rangeIncludes "clew:Use"'),
     r"schema:rangeIncludes 'clew:Use' is a literal; name a term"),
    (("clew:explains true", 'clew:explains "yes"'),
     r"schema:color: clew:explains 'yes' is neither true nor false"),
    (('clew:source "catalog:price" .', 'clew:source "catalog:price" ; clew:explains true .'),
     r"schema:price: is a literal relation and cannot explain; drop clew:explains"),
    (('"phrase:use"', '"words:use"'),
     r"clew:source 'words:use': must be one of catalog, event, .*"),
    (('"phrase:use"', '"phrase:uses"'),
     r"clew:source 'phrase:uses': 'uses' is not among colour, use"),
    (('"phrase:use"', '"phrase:colour"'),
     r"'phrase:colour': its concepts are clew:Colour, which is not in the relation's range"),
    (('"measure:length"', '"measure:width"'), r"'measure:width': 'width' is not among length"),
    (('clew:source "measure:length" ;\n  clew:field "title" .', 'clew:source "measure:length" .'),
     r"'measure:length': needs clew:field to say where to read"),
    (('  clew:source "measure:length" ;\n', ""),
     r"clew:size: has clew:field but no clew:source to read from it"),
    # templates and frames
    (('clew:template "is {object}"@en , "是{object}的"@zh', 'rdfs:comment "none"@en'),
     r"schema:color: explains but has no clew:template; add one per language"),
    (('"is {object}"@en , "是{object}的"@zh', '"is {object}"@en'),
     r"schema:color: has no clew:template@zh; add one"),
    (('"is {object}"@en , ', '"is {object}" , '),
     r"clew:template 'is {object}': no language; use one of en, zh"),
    (('"is {object}"@en', '"is {thing}"@en'),
     r"clew\.ttl:\d+: schema:color: clew:template 'is {thing}' must hold {object}, once each"),
    (('"is {object}"@en', '"is {object"@en'), r"'is {object' must hold {object}, once each"),
    (('clew:frameName "rest"', 'clew:frameName "rests"'),
     r"no clew:Frame has clew:frameName 'rest'; add one", r"unknown clew:frameName 'rests'; it is"),
    (('clew:frameName "rest"', 'clew:frameName "gnn"'),
     r"frame 'gnn' stands twice; keep one of them"),
    (('"the rest"@en', '"the rest of {history}"@en'),
     r"'the rest of {history}' must hold no slot, once each"),
    # schemes and concepts
    (("  clew:conceptClass clew:Colour .", '  skos:note "x" .'),
     r"colour\.ttl:6: colour:: has 0 clew:conceptClass; a scheme needs exactly one"),
    (("clew:conceptClass clew:Colour", "clew:conceptClass clew:Color"),
     r"colour:: clew:conceptClass clew:Color is unknown; declare it as an owl:Class"),
    (("use: a skos:ConceptScheme", "<https://w3id.org/clew/us> a skos:ConceptScheme"),
     r"<https://w3id.org/clew/us>: has no prefix; declare one for the scheme's IRI"),
    (("colour:red a", "clew:red a"),
     r"clew:red: is in no skos:ConceptScheme; its IRI must begin with the IRI of one"),
    (('skos:prefLabel "red"@en , "红色"@zh', 'skos:prefLabel "红色"@zh'),
     r"vocab/colour\.ttl:10: colour:red: has no skos:prefLabel@en; add one"),
    (('skos:prefLabel "red"@en ,', 'skos:prefLabel "red"@en , "crimson"@en ,'),
     r"colour:red: skos:prefLabel@en stands 2 times \('crimson', 'red'\); keep one"),
    (('"tangerine"@en', '"mandarine"@fr'),
     r"skos:altLabel 'mandarine': language 'fr' is not in clew:languages; use one of en, zh"),
    (('"tangerine"@en', '"Red"@en'),
     r"colour\.ttl:11: colour:red: label 'red'@en is also a label of colour:orange"),
    (('"tangerine"@en', '"Orange"@en'), r"colour:orange: label '.range'@en stands twice; keep one"),
    (('"tangerine"@en', '"blood  orange"@en'),
     r"label 'blood  orange'@en is empty or has stray blanks"),
    (('clew:ambiguous "orange"@en', 'clew:ambiguous "oranges"@en'),
     r"clew:ambiguous 'oranges'@en is none of its labels; mend or drop it"),
    (("clew:prior 0.75", "clew:prior 1.5"), r"colour:orange: clew:prior 1.5 is outside 0..1"),
    (("clew:prior 0.75", 'clew:prior "high"'),
     r"colour:orange: clew:prior is high; it needs exactly one number"),
    (("skos:broader colour:orange", "skos:broader colour:ornage"),
     r"colour\.ttl:24: colour:burnt-orange: skos:broader colour:ornage does not exist; declare it"),
    (("skos:broader colour:orange", "skos:broader use:mood"),
     r"skos:broader use:mood is of another scheme; stay in colour:"),
    (("  clew:prior 0.75 .", "  skos:broader colour:burnt-orange ."),
     r"skos:broader circles: (\S+) -> \S+ -> \1; cut one of the links"),
    (("clew:implies use:mood", "clew:implies use:moods"),
     r"clew:implies use:moods does not exist; declare it or mend the name"),
    (("clew:implies use:mood", "clew:implies colour:red"),
     r"clew:implies colour:red is of the same scheme; use skos:broader"),
    (('clew:source "phrase:use" ;\n  clew:field "title" .', 'clew:source "catalog:use" .'),
     r'clew:implies use:mood is read by no relation; give one clew:source "phrase:use"'),
    # units
    (("  skos:exactMatch qudt:CentiM ;\n", ""),
     r"unit\.ttl:10: unit:cm: names 0 QUDT units; give one skos:exactMatch \(or broadMatch\)"),
    (("clew:factor 0.01", "clew:factor 0"), r"unit:cm: clew:factor 0.0 is not above 0"),
    (("clew:factor 0.01", 'clew:note "x"'), r"clew:factor is nothing; it needs exactly one number"),
    (('  clew:dimension "length" ;\n', ""),
     r"unit:cm: has 0 clew:dimension; it needs exactly one \(what it measures"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "messages"), [(row[0], row[1:]) for row in FAULTS])
def test_each_fault_is_told(
    tmp_path: Path, change: tuple[str, str], messages: tuple[str, ...]
) -> None:
    told = "\n".join(map(str, check_ontology(write_ontology(tmp_path, change))))
    for message in messages:
        assert re.search(message, told), told


def errors(directory: Path) -> list[str]:
    return [str(problem) for problem in check_ontology(directory) if problem.level == "error"]


def warnings(directory: Path) -> list[str]:
    return [str(problem) for problem in check_ontology(directory) if problem.level == "warning"]


def test_a_sound_ontology_has_no_errors(tmp_path: Path) -> None:
    assert errors(write_ontology(tmp_path)) == []


UNDEFINED = [
    (("clew:nodeLabel \"Use\" .", "rdfs:labl \"x\" ; clew:nodeLabel \"Use\" ."),
     r"clew:Use: rdfs:labl is not a term Clew knows; did you mean label\?"),
    (("clew:nodeLabel \"Use\" .", "rdfs:subClassOf clew:Measur ; clew:nodeLabel \"Use\" ."),
     r"clew\.ttl:12: clew:Use: rdfs:subClassOf clew:Measur, which is defined nowhere; did you mean "
     r"clew:Measure\?"),
    (("colour:red a skos:Concept", "colour:red a skos:Concept , clew:Paint"),
     r"colour:red: is clew:Paint, which is defined nowhere"),
    (("colour:red a skos:Concept ;", 'colour:rde skos:note "x" .\ncolour:red a skos:Concept ;'),
     r"colour:rde: is nowhere said to be anything \(a …\); mend the name or describe it"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "message"), UNDEFINED)
def test_undefined_terms_are_told(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    told = "\n".join(errors(write_ontology(tmp_path, change)))
    assert re.search(message, told), told
    load_schema(tmp_path)  # … and do not keep it from being used


SHAPES = [
    ("sh:minCount 0", "sh:minCont 0",
     r"shapes\.ttl:12: clew:product-price: sh:minCont is not a term of SHACL; did you mean sh:m"),
    ("sh:minCount 0", "sh:minCount 2",
     r":12: clew:product-price: can never hold: sh:minCount 2 is above sh:maxCount 1"),
    ("sh:path schema:price", "sh:path schema:prize",
     r":11: clew:product-price: can never match: schema:prize is no relation of the ontology"),
    ("sh:datatype xsd:decimal", "sh:datatype xsd:integer",
     r"can never hold: values of schema:price are xsd:decimal, never xsd:integer"),
    ("sh:targetClass schema:Product", "sh:targetClass schema:Produkt",
     r":7: clew:ProductShape: can never match: no class of the ontology is or falls under s"),
    ("sh:targetClass schema:Product", "sh:targetClass clew:Use",
     r"can never match: schema:color is said of schema:Product, not of clew:Use"),
    ("sh:targetClass schema:Product", "sh:nodeKind sh:IRI",
     r"clew:ProductShape: is applied to nothing; give it a sh:targetClass or remove it"),
    ("clew:product-colour , clew", "clew:product-hue , clew",
     r":8: clew:ProductShape: sh:property clew:product-hue is described nowhere"),
    ("[ sh:class clew:Colour ]", "[ sh:class clew:Color ]",
     r":18: clew:product-colour: sh:class clew:Color is no class of the ontology"),
    ("[ sh:class clew:Colour ]", "[ sh:class clew:Unit ]",
     r"can never hold: values of schema:color are clew:Colour, never clew:Unit or clew:Use"),
    ("sh:maxCount 0 .", "sh:maxCount 3 .",
     r"clew:product-email: can never match: schema:email is no relation"),
    ("sh:maxCount 0 .", "sh:maxCount 0", r"^shapes\.ttl:\d+: not Turtle: "),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "message"), SHAPES)
def test_shapes_that_can_never_match_are_told(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    path = write_ontology(tmp_path) / "shapes.ttl"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    told = "\n".join(errors(tmp_path))
    assert re.search(message, told), told


WARNINGS = [
    (('clew:source "phrase:use" ;\n  clew:field "title" .', 'clew:source "triples:use" .'),
     r'use\.ttl:5: use:: no relation reads it; give one clew:source "phrase:use"'),
    (('"red"@en', '"tangerines"@en'),
     r"colour:red: label 'tangerines'@en reads like 'tangerine' of colour:orange; keep it at one"),
    (('"mood"@en', '"red"@en'),
     r"use:mood: label 'red'@en is as certain of colour:red; add clew:near or clew:ambiguous to"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "message"), WARNINGS)
def test_what_is_seldom_meant_is_told(
    tmp_path: Path, change: tuple[str, str], message: str
) -> None:
    told = "\n".join(warnings(write_ontology(tmp_path, change)))
    assert re.search(message, told), told


def test_a_relation_that_cannot_be_told_is_a_warning(tmp_path: Path) -> None:
    told = warnings(write_ontology(tmp_path))
    assert [line.partition(": ")[2][:40] for line in told] == [
        "clew:usedFor: has no clew:template, so i",
        "clew:size: has no clew:template, so it c",
    ]


def test_files_that_are_not_turtle_are_told_together(tmp_path: Path) -> None:
    directory = write_ontology(tmp_path)
    for name in ("use", "unit"):
        path = directory / "vocab" / f"{name}.ttl"
        path.write_text(path.read_text(encoding="utf-8") + "nonsense", encoding="utf-8")
    told = errors(directory)
    assert [line.partition(":")[0] for line in told] == ["vocab/unit.ttl", "vocab/use.ttl"]
    with pytest.raises(OntologyError, match=r"vocab/unit\.ttl:\d+: not Turtle: .*\n.*use\.ttl:"):
        load_schema(directory)
