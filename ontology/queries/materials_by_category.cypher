// Materials by category: what is each category made of? Broader materials count what is below them.
// $least = 1  products
MATCH (c:Category)<-[:IN_CATEGORY]-(p:Product)-[:MADE_OF]->(:Material)-[:BROADER*0..4]->(m:Material)
WITH c, m, count(DISTINCT p) AS products
WHERE products >= $least
RETURN c.name AS category, m.name AS material, products
ORDER BY category, products DESC, material
