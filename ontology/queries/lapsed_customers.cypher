// Lapsed customers: who spent much and has not bought lately? Pseudonyms, for the shop to resolve.
// $months = 3  the last months with purchases, in which they bought nothing
// $least = 100  money spent
MATCH (:Product)<-[b:BOUGHT]-(:User)
WITH left(b.last_on, 7) AS month, count(*) AS sold
ORDER BY month DESC
LIMIT $months
WITH month AS since
ORDER BY since
LIMIT 1
MATCH (u:User)-[r:BOUGHT]->(:Product)
WITH since, u, max(r.last_on) AS last_on, round(coalesce(sum(r.spent), 0.0), 3) AS spent,
  sum(r.times) AS purchases
WHERE last_on < since AND spent >= $least
RETURN u.id AS customer, last_on, purchases, spent
ORDER BY spent DESC, customer
LIMIT 100
