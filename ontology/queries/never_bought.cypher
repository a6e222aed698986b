// Never bought: which products are in stock, but nobody bought them? Dearest stock first.
// $least = 1  units in stock
MATCH (p:Product)
WHERE p.stock >= $least AND NOT EXISTS { MATCH (p)<-[:BOUGHT]-(:User) }
RETURN p.id AS product, p.name AS name, p.stock AS stock, p.price AS price,
  p.stock * p.price AS stock_value
ORDER BY stock_value DESC, product
LIMIT 100
