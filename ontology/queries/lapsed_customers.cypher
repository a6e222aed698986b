// Lapsed customers: who spent much and has not bought since a day? Pseudonyms, for the shop to resolve.
// $since = "2026-06-01"  the day
// $least = 100  money spent
MATCH (u:User)-[r:BOUGHT]->(:Product)
WITH u, max(r.last_on) AS last_on, round(coalesce(sum(r.spent), 0.0), 3) AS spent, sum(r.times) AS purchases
WHERE last_on < $since AND spent >= $least
RETURN u.id AS customer, last_on, purchases, spent
ORDER BY spent DESC, customer
LIMIT 100
