// Suspicious prices: which products cost many times what others of their kind do, or a fraction?
// $times = 2.5  how many times
// $least = 3  products of the kind
MATCH (t:ProductType)<-[:IS_A]-(q:Product)
WHERE q.price > 0
WITH t, avg(q.price) AS mean, count(q) AS products
WHERE products >= $least
MATCH (t)<-[:IS_A]-(p:Product)
WHERE p.price > mean * $times OR p.price * $times < mean
RETURN p.id AS product, p.name AS name, p.price AS price, t.name AS kind, mean,
  p.price / mean AS ratio
ORDER BY product, kind
LIMIT 100
