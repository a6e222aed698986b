// Gaps in the range: which kind of product do customers of a colour buy, but the shop has not in it?
// $least = 10  customers who bought that kind and, on other products, that colour
MATCH (u:User)-[:BOUGHT]->(:Product)-[:HAS_COLOR]->(c:Colour)
WITH u, collect(DISTINCT c.id) AS colours
MATCH (u)-[:BOUGHT]->(:Product)-[:IS_A]->(t:ProductType)
WITH DISTINCT u, colours, t
UNWIND colours AS colour
WITH t, colour, count(*) AS customers
WHERE customers >= $least
OPTIONAL MATCH (t)<-[:IS_A]-(:Product)-[:HAS_COLOR]->(own:Colour)
WITH t, colour, customers, collect(DISTINCT own.id) AS had
WHERE NOT colour IN had
WITH t.id AS kind, t.name AS kind_name, colour, customers
ORDER BY customers DESC, kind, colour
LIMIT 50
MATCH (c:Colour)
WHERE c.id = colour
RETURN kind, kind_name, c.id AS colour, c.name AS colour_name, customers
ORDER BY customers DESC, kind, colour
