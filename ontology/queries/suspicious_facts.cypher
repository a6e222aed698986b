// Suspicious facts: which products have several facts that were read with little confidence?
// $sure = 0.95  confidence below which a fact counts
// $least = 1  such facts
MATCH (p:Product)-[r]->(f)
WHERE r.confidence < $sure
WITH p, count(r) AS unsure, min(r.confidence) AS least_sure
WHERE unsure >= $least
RETURN p.id AS product, p.name AS name, unsure, least_sure
ORDER BY unsure DESC, least_sure, product
LIMIT 100
