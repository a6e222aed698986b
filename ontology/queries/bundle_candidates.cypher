// Bundle candidates: which products sell together more often than chance, and what would both cost?
// Lift is how many times more customers have both than if the two were bought independently.
// $among = 200  most bought products in stock that are looked at
// $least = 5  customers who bought both
MATCH (:Product)<-[:BOUGHT]-(everyone:User)
WITH count(DISTINCT everyone) AS customers
MATCH (p:Product)<-[:BOUGHT]-(x:User)
WHERE p.stock > 0
WITH customers, p, count(x) AS buyers
WHERE buyers >= $least
WITH customers, p, buyers ORDER BY buyers DESC, p.id LIMIT $among
MATCH (p)<-[:BOUGHT]-(u:User)
WITH customers, u, collect({id: p.id, buyers: buyers}) AS basket
UNWIND basket AS one
UNWIND basket AS other
WITH customers, one, other
WHERE one.id < other.id
WITH customers, one.id AS one, other.id AS other, one.buyers AS of_one, other.buyers AS of_other,
  count(*) AS together
WHERE together >= $least
WITH one, other, together, together * 1.0 * customers / (of_one * of_other) AS lift
ORDER BY lift DESC, one, other LIMIT 50
MATCH (a:Product) WHERE a.id = one
WITH a, other, together, lift
MATCH (b:Product) WHERE b.id = other
RETURN a.id AS one, a.name AS one_name, b.id AS other, b.name AS other_name, together, lift,
  a.price + b.price AS price
ORDER BY lift DESC, one, other
