// Gaps in the range: which kind of product do customers of a colour buy, but the shop has not in it?
// $least = 10  customers who bought that kind and, on other products, that colour
MATCH (t:ProductType)<-[:IS_A]-(:Product)<-[:BOUGHT]-(u:User)
WITH DISTINCT t, u
MATCH (u)-[:BOUGHT]->(:Product)-[:HAS_COLOR]->(c:Colour)
WITH t, c, count(DISTINCT u) AS customers
WHERE customers >= $least
  AND NOT EXISTS { MATCH (t)<-[:IS_A]-(:Product)-[:HAS_COLOR]->(c) }
RETURN t.id AS kind, t.name AS kind_name, c.id AS colour, c.name AS colour_name, customers
ORDER BY customers DESC, kind, colour
LIMIT 50
