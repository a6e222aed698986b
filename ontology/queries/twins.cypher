// Twins: which products may be the same thing listed twice? One price, no other brand, much in
// common; those that differ in least come first.
// $least = 3  things both are said to be
MATCH (a:Product)-[:IS_A|HAS_COLOR|MADE_OF|HAS_MOTIF|HAS_SIZE|PACK_OF]->(f)
  <-[:IS_A|HAS_COLOR|MADE_OF|HAS_MOTIF|HAS_SIZE|PACK_OF]-(c:Product)
WHERE a.id < c.id AND a.price = c.price
WITH a, c, count(DISTINCT f.id) AS shared
WHERE shared >= $least
MATCH (a)-[:IS_A|HAS_COLOR|MADE_OF|HAS_MOTIF|HAS_SIZE|PACK_OF]->(x)
WITH a, c, shared, count(DISTINCT x.id) AS of_a
MATCH (c)-[:IS_A|HAS_COLOR|MADE_OF|HAS_MOTIF|HAS_SIZE|PACK_OF]->(y)
WITH a, c, shared, of_a, count(DISTINCT y.id) AS of_c
OPTIONAL MATCH (a)-[:HAS_BRAND]->(b:Brand)
WITH a, c, shared, of_a, of_c, b.name AS brand
OPTIONAL MATCH (c)-[:HAS_BRAND]->(d:Brand)
WITH a, c, shared, of_a + of_c - 2 * shared AS different, brand, d.name AS other_brand
WHERE coalesce(brand, "") = coalesce(other_brand, "")
RETURN a.id AS one, a.name AS one_name, c.id AS other, c.name AS other_name, brand,
  a.price AS price, shared, different
ORDER BY different, shared DESC, one, other
LIMIT 100
