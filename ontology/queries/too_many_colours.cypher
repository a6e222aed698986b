// Too many colours: of which products does the graph name so many that some may be read wrongly?
// $most = 2  colours a product may have without being listed
MATCH (p:Product)-[r:HAS_COLOR]->(c:Colour)
WITH p, count(c) AS colours, min(r.confidence) AS least_sure
WHERE colours > $most
RETURN p.id AS product, p.name AS name, colours, least_sure
ORDER BY colours DESC, product
LIMIT 100
