"""A tiny whole ontology, which tests write with one thing changed."""

from pathlib import Path

from kg.schema import FRAME_SLOTS

CORE = """\
@prefix clew: <https://w3id.org/clew/ns#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix schema: <https://schema.org/> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .

<https://w3id.org/clew/ns> a owl:Ontology ; clew:languages "en zh" .

schema:Product a owl:Class ; rdfs:label "product"@en , "商品"@zh ; clew:nodeLabel "Product" .
clew:Colour a owl:Class ; rdfs:label "colour"@en , "颜色"@zh ; clew:nodeLabel "Colour" .
clew:Use a owl:Class ; rdfs:label "use"@en , "用途"@zh ; clew:nodeLabel "Use" .
clew:Measure a owl:Class ; rdfs:label "measure"@en , "度量"@zh ; clew:nodeLabel "Measure" .
clew:Unit a owl:Class ; rdfs:label "unit"@en , "单位"@zh ; clew:nodeLabel "Unit" .

schema:color a owl:ObjectProperty ;
  rdfs:label "colour"@en , "颜色"@zh ;
  schema:domainIncludes schema:Product ;
  schema:rangeIncludes clew:Colour ;
  clew:relationshipType "HAS_COLOR" ;
  clew:source "phrase:colour" ;
  clew:field "title" , "attributes.color" ;
  clew:explains true ;
  clew:template "is {object}"@en , "是{object}的"@zh .

clew:usedFor a owl:ObjectProperty ;
  rdfs:label "used for"@en , "用于"@zh ;
  schema:domainIncludes schema:Product ;
  schema:rangeIncludes clew:Use ;
  clew:relationshipType "USED_FOR" ;
  clew:source "phrase:use" ;
  clew:field "title" .

clew:size a owl:ObjectProperty ;
  rdfs:label "size"@en , "规格"@zh ;
  schema:domainIncludes schema:Product ;
  schema:rangeIncludes clew:Measure ;
  clew:relationshipType "HAS_SIZE" ;
  clew:source "measure:length" ;
  clew:field "title" .

schema:price a owl:DatatypeProperty ;
  rdfs:label "price"@en , "价格"@zh ;
  schema:domainIncludes schema:Product ;
  schema:rangeIncludes xsd:decimal ;
  clew:relationshipType "price" ;
  clew:source "catalog:price" .
"""
COLOURS = """\
@prefix clew: <https://w3id.org/clew/ns#> .
@prefix colour: <https://w3id.org/clew/colour/> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix use: <https://w3id.org/clew/use/> .

colour: a skos:ConceptScheme ;
  skos:prefLabel "colours"@en , "颜色"@zh ;
  clew:conceptClass clew:Colour .

colour:red a skos:Concept ;
  skos:prefLabel "red"@en , "红色"@zh .

colour:orange a skos:Concept ;
  skos:prefLabel "orange"@en , "橙色"@zh ;
  skos:altLabel "tangerine"@en ;
  skos:hiddenLabel "ornage"@en ;
  clew:ambiguous "orange"@en ;
  clew:near "ink"@en ;
  clew:notNear "juice"@en , "marmalade"@en ;
  clew:prior 0.75 .

colour:burnt-orange a skos:Concept ;
  skos:prefLabel "burnt orange"@en , "焦橙色"@zh ;
  skos:broader colour:orange ;
  clew:implies use:mood .
"""
USES = """\
@prefix clew: <https://w3id.org/clew/ns#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix use: <https://w3id.org/clew/use/> .

use: a skos:ConceptScheme ;
  skos:prefLabel "uses"@en , "用途"@zh ;
  clew:conceptClass clew:Use .

use:mood a skos:Concept ;
  skos:prefLabel "mood"@en , "气氛"@zh .
"""
UNITS = """\
@prefix clew: <https://w3id.org/clew/ns#> .
@prefix qudt: <http://qudt.org/vocab/unit/> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix unit: <https://w3id.org/clew/unit/> .

unit: a skos:ConceptScheme ;
  skos:prefLabel "units"@en , "单位"@zh ;
  clew:conceptClass clew:Unit .

unit:cm a skos:Concept ;
  skos:prefLabel "cm"@en , "厘米"@zh ;
  skos:altLabel "centimetre"@en ;
  skos:exactMatch qudt:CentiM ;
  clew:dimension "length" ;
  clew:factor 0.01 .
"""
SHAPES = """\
@prefix clew: <https://w3id.org/clew/ns#> .
@prefix schema: <https://schema.org/> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .

clew:ProductShape a sh:NodeShape ;
  sh:targetClass schema:Product ;
  sh:property clew:product-price , clew:product-colour , clew:product-email .

clew:product-price
  sh:path schema:price ;
  sh:minCount 0 ;
  sh:maxCount 1 ;
  sh:datatype xsd:decimal .

clew:product-colour
  sh:path schema:color ;
  sh:or ( [ sh:class clew:Colour ] [ sh:class clew:Use ] ) .

clew:product-email
  sh:path schema:email ;
  sh:maxCount 0 .
"""
FILES = {"colour.ttl": COLOURS, "use.ttl": USES, "unit.ttl": UNITS}


def frames() -> str:
    texts = []
    for name, slots in FRAME_SLOTS.items():
        text = " ".join(f"{{{slot}}}" for slot in sorted(slots)) or "the rest"
        local = name.replace("_", "-")
        texts.append(
            f'clew:frame-{local} a clew:Frame ; clew:frameName "{name}" ;'
            f' clew:template "{text}"@en , "{text}。"@zh .\n'
        )
    return "\n" + "".join(texts)


def write_ontology(directory: Path, *changes: tuple[str, str], added: str = "") -> Path:
    """Write it into `directory`, some texts replaced; each must stand in one file only."""
    directory.mkdir(exist_ok=True)
    core, files = CORE + frames(), dict(FILES)
    for old, new in changes:
        homes = [name for name, text in files.items() if old in text]
        assert (old in core) + len(homes) == 1, f"{old!r} is in {homes} and the core"
        if homes:
            files[homes[0]] = files[homes[0]].replace(old, new)
        else:
            core = core.replace(old, new)
    files["colour.ttl"] += added
    (directory / "vocab").mkdir(exist_ok=True)
    (directory / "clew.ttl").write_text(core, encoding="utf-8")
    (directory / "shapes.ttl").write_text(SHAPES, encoding="utf-8")
    for name, text in files.items():
        (directory / "vocab" / name).write_text(text, encoding="utf-8")
    return directory
