// Bundle candidates: which products sell together more often than chance, and what would both cost?
// Lift is how many times more customers have both than if the two were bought independently. Asked
// of the products with the most customers; those known to be out of stock are left out.
// $least = 5  customers who bought both
// $among = 200  products with the most customers
MATCH (:Product)<-[:BOUGHT]-(everyone:User)
WITH count(DISTINCT everyone) AS customers
MATCH (p:Product)<-[r:BOUGHT]-(:User)
WHERE coalesce(p.stock, 1) > 0
WITH customers, p, count(r) AS buyers
ORDER BY buyers DESC, p.id
LIMIT $among
MATCH (p)<-[:BOUGHT]-(u:User)
WITH customers, u, collect({id: p.id, buyers: buyers}) AS basket
UNWIND basket AS a
UNWIND basket AS b
WITH customers, a.id AS one, a.buyers AS of_one, b.id AS other, b.buyers AS of_other
WHERE one < other
WITH customers, one, of_one, other, of_other, count(*) AS together
WHERE together >= $least
WITH one, other, together, together * 1.0 * customers / (of_one * of_other) AS lift
ORDER BY lift DESC, one, other
LIMIT 50
MATCH (a:Product {id: one})
WITH a, other, together, lift
MATCH (b:Product {id: other})
RETURN a.id AS one, a.name AS one_name, b.id AS other, b.name AS other_name, together, lift,
  a.price + b.price AS price
ORDER BY lift DESC, one, other
