// Sales by category: how many customers and how much money does each bring?
// $least = 1  customers
MATCH (c:Category)<-[:IN_CATEGORY]-(:Product)<-[r:BOUGHT]-(u:User)
WITH c, count(DISTINCT u) AS customers, sum(r.times) AS purchases, round(coalesce(sum(r.spent), 0.0), 3) AS spent
WHERE customers >= $least
RETURN c.id AS category, c.name AS name, customers, purchases, spent, spent / customers AS each
ORDER BY spent DESC, category
