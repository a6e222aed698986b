// Slow movers: where does most money lie in stock that hardly anybody buys?
// $most = 3  customers
MATCH (p:Product)
WHERE p.stock > 0 AND p.price > 0
OPTIONAL MATCH (p)<-[:BOUGHT]-(u:User)
WITH p, count(u) AS customers
WHERE customers <= $most
RETURN p.id AS product, p.name AS name, customers, p.stock AS stock, p.price AS price,
  p.stock * p.price AS stock_value
ORDER BY stock_value DESC, product
LIMIT 100
