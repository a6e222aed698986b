// Untyped products: of which does the graph not know what kind of thing they are?
// Most bought first: there a new word in vocab/type.ttl is worth most.
// $least = 0  customers
MATCH (p:Product)
WHERE NOT EXISTS { MATCH (p)-[:IS_A]->(:ProductType) }
OPTIONAL MATCH (p)<-[:BOUGHT]-(u:User)
WITH p, count(u) AS customers
WHERE customers >= $least
RETURN p.id AS product, p.name AS name, customers
ORDER BY customers DESC, product
LIMIT 200
