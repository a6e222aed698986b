// Bought together: which pairs of products were bought by the most customers? Asked of the
// products with the most customers; a pair with another has fewer than each of them alone.
// $least = 2  customers who bought both
// $among = 200  products with the most customers
MATCH (p:Product)<-[r:BOUGHT]-(:User)
WITH p, count(r) AS buyers
ORDER BY buyers DESC, p.id
LIMIT $among
MATCH (p)<-[:BOUGHT]-(u:User)
WITH u, collect(p.id) AS basket
UNWIND basket AS one
UNWIND basket AS other
WITH one, other
WHERE one < other
WITH one, other, count(*) AS customers
WHERE customers >= $least
WITH one, other, customers
ORDER BY customers DESC, one, other
LIMIT 50
MATCH (a:Product {id: one})
WITH a, other, customers
MATCH (b:Product {id: other})
RETURN a.id AS one, a.name AS one_name, b.id AS other, b.name AS other_name, customers
ORDER BY customers DESC, one, other
