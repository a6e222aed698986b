// Thinly described: of which products does the graph know least? The most bought come first.
// $most = 3  facts about the product
MATCH (p:Product)
OPTIONAL MATCH (p)-[r]->()
WITH p, count(r) AS facts
WHERE facts <= $most
OPTIONAL MATCH (p)<-[:BOUGHT]-(u:User)
WITH p, facts, count(u) AS customers
RETURN p.id AS product, p.name AS name, facts, customers
ORDER BY customers DESC, facts, product
LIMIT 200
