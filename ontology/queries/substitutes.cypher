// Substitutes for what is out of stock: what of the same kind is in stock and most like it?
// $least = 1  things both are said to be: colour, material, motif, style, use, occasion
MATCH (p:Product)-[:IS_A]->(t:ProductType)<-[:IS_A]-(s:Product)
WHERE p.stock = 0 AND s.stock > 0
WITH DISTINCT p, s
MATCH (p)-[:HAS_COLOR|MADE_OF|HAS_MOTIF|IN_STYLE|USED_FOR|FOR_OCCASION]->(f)
  <-[:HAS_COLOR|MADE_OF|HAS_MOTIF|IN_STYLE|USED_FOR|FOR_OCCASION]-(s)
WITH p, s, count(DISTINCT f.id) AS shared
WHERE shared >= $least
RETURN p.id AS product, p.name AS name, s.id AS instead, s.name AS instead_name, shared,
  s.stock AS stock, s.price AS price, s.price - p.price AS dearer_by
ORDER BY product, shared DESC, instead
LIMIT 200
