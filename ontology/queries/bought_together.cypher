// Bought together: which pairs of products were bought by the most customers?
// $among = 200  most bought products that are looked at
// $least = 2  customers who bought both
MATCH (p:Product)<-[:BOUGHT]-(:User)
WITH p, count(*) AS buyers
WHERE buyers >= $least
WITH p ORDER BY buyers DESC, p.id LIMIT $among
MATCH (p)<-[:BOUGHT]-(u:User)
WITH u, collect(p.id) AS basket
UNWIND basket AS one
UNWIND basket AS other
WITH one, other
WHERE one < other
WITH one, other, count(*) AS customers
WHERE customers >= $least
WITH one, other, customers ORDER BY customers DESC, one, other LIMIT 50
MATCH (a:Product) WHERE a.id = one
WITH a, other, customers
MATCH (b:Product) WHERE b.id = other
RETURN a.id AS one, a.name AS one_name, b.id AS other, b.name AS other_name, customers
ORDER BY customers DESC, one, other
