// What is each category made of? A material counts under its broader ones too.
MATCH (c:Category)<-[:IN_CATEGORY]-(p:Product)-[:MADE_OF]->(:Material)-[:BROADER*0..4]->(m:Material)
WITH c, m, count(DISTINCT p) AS products
RETURN c.name AS category, m.name AS material, products
ORDER BY category, products DESC, material
