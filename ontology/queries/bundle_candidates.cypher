// Bundle candidates: which products sell together more often than chance, and what would both cost?
// Lift is how many times more customers have both than if the two were bought independently.
// $least = 5  customers who bought both
MATCH (:Product)<-[:BOUGHT]-(everyone:User)
WITH count(DISTINCT everyone) AS customers
MATCH (a:Product)<-[:BOUGHT]-(u:User)-[:BOUGHT]->(b:Product)
WHERE a.id < b.id AND a.stock > 0 AND b.stock > 0
WITH customers, a, b, count(u) AS together
WHERE together >= $least
MATCH (a)<-[:BOUGHT]-(x:User)
WITH customers, a, b, together, count(x) AS of_a
MATCH (b)<-[:BOUGHT]-(y:User)
WITH customers, a, b, together, of_a, count(y) AS of_b
RETURN a.id AS one, a.name AS one_name, b.id AS other, b.name AS other_name, together,
  together * 1.0 * customers / (of_a * of_b) AS lift, a.price + b.price AS price
ORDER BY lift DESC, one, other
LIMIT 50
