// Unsure colours: which colours were read with the least confidence, and where?
// $sure = 0.9  confidence up to which a colour is listed
MATCH (p:Product)-[r:HAS_COLOR]->(c:Colour)
WHERE r.confidence <= $sure
RETURN p.id AS product, p.name AS name, c.id AS colour, r.confidence AS confidence,
  r.source AS source
ORDER BY confidence, product, colour
LIMIT 200
