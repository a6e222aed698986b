// Which brands do customers come back to? Who comes back bought two or more of a brand's products.
MATCH (u:User)-[:BOUGHT]->(p:Product)-[:HAS_BRAND]->(b:Brand)
WITH b, u, count(p) AS products
WITH b, count(u) AS customers, sum(CASE WHEN products > 1 THEN 1 ELSE 0 END) AS came_back
RETURN b.id AS brand, b.name AS name, customers, came_back, came_back * 1.0 / customers AS share
ORDER BY came_back DESC, share DESC, brand
LIMIT 50
