// Bestsellers by occasion: what do customers buy most for each occasion?
// $least = 1  customers
MATCH (o:Occasion)<-[:FOR_OCCASION]-(p:Product)<-[:BOUGHT]-(u:User)
WITH o, p, count(u) AS customers
WHERE customers >= $least
RETURN o.name AS occasion, p.id AS product, p.name AS name, customers
ORDER BY occasion, customers DESC, product
LIMIT 200
