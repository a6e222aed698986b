// Which products are in stock, but were never bought? Dearest stock first.
MATCH (p:Product)
WHERE p.stock > 0 AND NOT EXISTS { MATCH (p)<-[:BOUGHT]-(:User) }
RETURN p.id AS product, p.name AS name, p.stock AS stock, p.price AS price,
  p.stock * p.price AS stock_value
ORDER BY stock_value DESC, product
LIMIT 100
