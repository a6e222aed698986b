// Loyal brands: which brands do customers come back to, having bought two or more of its products?
// $least = 1  customers of the brand
MATCH (u:User)-[:BOUGHT]->(p:Product)-[:HAS_BRAND]->(b:Brand)
WITH b, u, count(p) AS products
WITH b, count(u) AS customers, sum(CASE WHEN products > 1 THEN 1 ELSE 0 END) AS came_back
WHERE customers >= $least
RETURN b.id AS brand, b.name AS name, customers, came_back, came_back * 1.0 / customers AS share
ORDER BY came_back DESC, share DESC, brand
LIMIT 50
