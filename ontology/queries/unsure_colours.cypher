// Which colours were read with the least confidence, and where? For a knowledge engineer to check.
MATCH (p:Product)-[r:HAS_COLOR]->(c:Colour)
WHERE r.confidence <= 0.9
RETURN p.id AS product, p.name AS name, c.id AS colour, r.confidence AS confidence,
  r.source AS source
ORDER BY confidence, product, colour
LIMIT 200
