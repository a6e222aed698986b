// Never bought: which products did nobody buy? Dearest stock first; those known to be out of stock
// are left out.
// $least = 1  units in stock, where that is known
MATCH (p:Product)
WHERE coalesce(p.stock, $least) >= $least AND NOT EXISTS { MATCH (p)<-[:BOUGHT]-(:User) }
RETURN p.id AS product, p.name AS name, p.stock AS stock, p.price AS price,
  p.stock * p.price AS stock_value
ORDER BY coalesce(p.stock * p.price, 0.0) DESC, coalesce(p.price, 0.0) DESC, product
LIMIT 100
