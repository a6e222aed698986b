// Running out: which products will sell out first, at the pace of the last weeks?
// What a customer bought of a product counts evenly for the weeks in which it was bought.
// $weeks = 13  the last weeks with purchases
MATCH (:Product)<-[b:BOUGHT]-(:User)
UNWIND b.weeks AS w
WITH w, count(*) AS sold
ORDER BY w DESC
LIMIT $weeks
WITH w AS since
ORDER BY since
LIMIT 1
MATCH (p:Product)<-[r:BOUGHT]-(u:User)
WHERE p.stock > 0
UNWIND r.weeks AS week
WITH since, p, u, week, coalesce(r.quantity, r.times) * 1.0 / size(r.weeks) AS each
WHERE week >= since
WITH p, count(DISTINCT u) AS customers, sum(each) AS units
WHERE units > 0
RETURN p.id AS product, p.name AS name, p.stock AS stock, customers, units,
  p.stock * 1.0 * $weeks / units AS weeks_left
ORDER BY weeks_left, product
LIMIT 50
