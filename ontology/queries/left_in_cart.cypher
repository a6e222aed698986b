// Left in the cart: what is put into carts and then not bought, and what would it have brought?
// $least = 2  customers who left it
MATCH (p:Product)<-[c:ADDED_TO_CART]-(u:User)
WHERE NOT EXISTS { MATCH (p)<-[:BOUGHT]-(u) }
WITH p, count(u) AS customers, sum(c.quantity) AS units
WHERE customers >= $least
RETURN p.id AS product, p.name AS name, customers, units, units * p.price AS value
ORDER BY value DESC, product
LIMIT 50
