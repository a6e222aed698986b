// Brands that share customers: which other brands do the customers of one buy too?
// $least = 10  customers of both
MATCH (a:Brand)<-[:HAS_BRAND]-(:Product)<-[:BOUGHT]-(u:User)
WITH DISTINCT a, u
MATCH (u)-[:BOUGHT]->(:Product)-[:HAS_BRAND]->(b:Brand)
WHERE b.id <> a.id
WITH a, b, count(DISTINCT u) AS customers
WHERE customers >= $least
RETURN a.id AS brand, a.name AS name, b.id AS also, b.name AS also_name, customers
ORDER BY brand, customers DESC, also
LIMIT 200
