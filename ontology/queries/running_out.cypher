// Running out: which products will sell out first, at the pace of the weeks since a day?
// $since = "2026-06-01"  first day
// $weeks = 13  weeks from that day until now
MATCH (p:Product)<-[r:BOUGHT]-(:User)
WHERE p.stock > 0 AND r.last_on >= $since
WITH p, count(r) AS customers, sum(r.quantity) AS units
RETURN p.id AS product, p.name AS name, p.stock AS stock, customers, units,
  p.stock * 1.0 * $weeks / units AS weeks_left
ORDER BY weeks_left, product
LIMIT 50
