// Suspicious prices: which products cost many times what others of their kind do, or a fraction?
// The most extreme first.
// $times = 2.5  how many times
// $least = 3  products of the kind
MATCH (t:ProductType)<-[:IS_A]-(q:Product)
WHERE q.price > 0
WITH t, avg(q.price) AS mean, count(q) AS products
WHERE products >= $least
MATCH (t)<-[:IS_A]-(p:Product)
WHERE p.price > mean * $times OR (p.price > 0 AND p.price * $times < mean)
WITH p, t, mean, p.price / mean AS ratio
RETURN p.id AS product, p.name AS name, p.price AS price, t.name AS kind, mean, ratio
ORDER BY CASE WHEN ratio > 1 THEN ratio ELSE 1 / ratio END DESC, product, kind
LIMIT 100
