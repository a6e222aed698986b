// Bought together: which pairs of products were bought by the most customers?
// $least = 2  customers who bought both
MATCH (a:Product)<-[:BOUGHT]-(u:User)-[:BOUGHT]->(b:Product)
WHERE a.id < b.id
WITH a, b, count(u) AS customers
WHERE customers >= $least
RETURN a.id AS one, a.name AS one_name, b.id AS other, b.name AS other_name, customers
ORDER BY customers DESC, one, other
LIMIT 50
