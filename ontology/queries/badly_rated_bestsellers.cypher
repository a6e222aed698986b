// Badly rated, well sold: which products are bought a lot and rated badly?
// $stars = 3.5  mean of the stars at most
// $least = 5  customers who bought it
MATCH (p:Product)<-[r:RATED]-(:User)
WITH p, avg(r.stars) AS stars, count(r) AS ratings
WHERE stars <= $stars
MATCH (p)<-[:BOUGHT]-(u:User)
WITH p, stars, ratings, count(u) AS customers
WHERE customers >= $least
RETURN p.id AS product, p.name AS name, stars, ratings, customers
ORDER BY customers DESC, stars, product
LIMIT 50
