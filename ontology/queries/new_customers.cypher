// New customers: how many bought for the first time in each month, and what did they spend since?
// $since = ""  first month, as in 2026-01; empty: from the beginning
MATCH (u:User)-[r:BOUGHT]->(:Product)
WITH u, left(min(r.first_on), 7) AS month, round(coalesce(sum(r.spent), 0.0), 3) AS spent
WHERE month >= $since
RETURN month, count(u) AS customers, round(sum(spent), 3) AS spent
ORDER BY month
