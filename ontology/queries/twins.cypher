// Twins: which products may be the same thing listed twice: one brand, one price, much in common?
// $least = 3  things both are said to be
MATCH (a:Product)-[:HAS_BRAND]->(b:Brand)<-[:HAS_BRAND]-(c:Product)
WHERE a.id < c.id AND a.price = c.price
WITH a, b, c
MATCH (a)-[:IS_A|HAS_COLOR|MADE_OF|HAS_MOTIF|HAS_SIZE|PACK_OF]->(f)
  <-[:IS_A|HAS_COLOR|MADE_OF|HAS_MOTIF|HAS_SIZE|PACK_OF]-(c)
WITH a, b, c, count(DISTINCT f.id) AS shared
WHERE shared >= $least
RETURN a.id AS one, a.name AS one_name, c.id AS other, c.name AS other_name, b.name AS brand,
  a.price AS price, shared
ORDER BY shared DESC, one, other
LIMIT 100
