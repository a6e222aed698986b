// Gifts for somebody: what meant for a group of people sells best?
// $audience = "audience:children"  id of the group
// $price = 30  dearest price
MATCH (:Audience {id: $audience})<-[:SUITABLE_FOR]-(p:Product)
WHERE p.price <= $price
OPTIONAL MATCH (p)<-[:BOUGHT]-(u:User)
WITH p, count(u) AS customers
RETURN p.id AS product, p.name AS name, p.price AS price, customers
ORDER BY customers DESC, product
LIMIT 50
