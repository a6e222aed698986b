// Bridges between categories: which products' buyers also buy most from a category they are not in?
// $least = 5  customers who did
MATCH (p:Product)<-[:BOUGHT]-(u:User)-[:BOUGHT]->(:Product)-[:IN_CATEGORY]->(d:Category)
WITH DISTINCT p, u, d
WITH p, d, count(u) AS customers
WHERE customers >= $least AND NOT EXISTS { MATCH (p)-[:IN_CATEGORY]->(d) }
RETURN p.id AS product, p.name AS name, d.id AS category, d.name AS category_name, customers
ORDER BY customers DESC, product, category
LIMIT 100
