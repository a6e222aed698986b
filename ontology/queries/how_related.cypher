// How two products are related: what do both have, and in which words of the graph?
// For a picture: --format png.
// $one = ""  id of a product; empty: the one with the most customers
// $other = ""  id of another; empty: the one that is most like it
MATCH (p:Product)
WHERE $one = "" OR p.id = $one
OPTIONAL MATCH (p)<-[bought:BOUGHT]-(:User)
WITH p.id AS one, count(bought) AS customers
ORDER BY customers DESC, one
LIMIT 1
MATCH (p:Product {id: one})
  -[:IS_A|HAS_COLOR|MADE_OF|HAS_MOTIF|IN_STYLE|USED_FOR|FOR_OCCASION|HAS_BRAND|IN_CATEGORY]->(thing)
MATCH (q:Product)
  -[:IS_A|HAS_COLOR|MADE_OF|HAS_MOTIF|IN_STYLE|USED_FOR|FOR_OCCASION|HAS_BRAND|IN_CATEGORY]->(thing)
WHERE q.id <> one AND ($other = "" OR q.id = $other)
WITH one, q.id AS other, count(DISTINCT thing.id) AS common
ORDER BY common DESC, other
LIMIT 1
MATCH (a:Product {id: one})-[r]->(shared)
WITH other, a, r, shared
MATCH (shared)<-[s]-(b:Product {id: other})
RETURN a, r, shared, s, b
ORDER BY shared.id
LIMIT 100
