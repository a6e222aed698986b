// Pack sizes: which sell, and what is spent on them?
// $least = 1  customers
MATCH (m:Measure)<-[:PACK_OF]-(p:Product)<-[r:BOUGHT]-(u:User)
WITH m, count(DISTINCT p) AS products, count(DISTINCT u) AS customers, round(coalesce(sum(r.spent), 0.0), 3) AS spent
WHERE customers >= $least
RETURN m.id AS pack, m.name AS name, products, customers, spent
ORDER BY customers DESC, pack
