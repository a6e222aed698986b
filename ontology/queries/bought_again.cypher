// Bought again: which products do customers come back for?
// $least = 20  customers
MATCH (p:Product)<-[r:BOUGHT]-(:User)
WITH p, count(r) AS customers, sum(CASE WHEN r.times > 1 THEN 1 ELSE 0 END) AS again
WHERE customers >= $least AND again > 0
RETURN p.id AS product, p.name AS name, customers, again, again * 1.0 / customers AS share
ORDER BY share DESC, customers DESC, product
LIMIT 50
