// Bestsellers by occasion: what do customers buy most for each occasion?
// $top = 10  products of each occasion
MATCH (o:Occasion)<-[:FOR_OCCASION]-(p:Product)<-[:BOUGHT]-(u:User)
WITH o, p, count(u) AS customers
WITH o, collect({id: p.id, name: p.name, customers: customers}) AS sold
UNWIND sold AS one
UNWIND sold AS other
WITH o, one, sum(CASE WHEN other.customers > one.customers
  OR (other.customers = one.customers AND other.id < one.id) THEN 1 ELSE 0 END) AS better
WHERE better < $top
RETURN o.name AS occasion, one.id AS product, one.name AS name, one.customers AS customers
ORDER BY occasion, customers DESC, product
