// Seen, not bought: which products do many customers look at and few buy?
// $least = 10  customers who looked
MATCH (p:Product)<-[:VIEWED]-(v:User)
WITH p, count(v) AS looked
WHERE looked >= $least
OPTIONAL MATCH (p)<-[:BOUGHT]-(b:User)
WITH p, looked, count(b) AS bought
RETURN p.id AS product, p.name AS name, p.price AS price, looked, bought,
  bought * 1.0 / looked AS share
ORDER BY share, looked DESC, product
LIMIT 50
