// How two products are related: what do both have, and in which words of the graph?
// For a picture: --format png.
// $one = "product:KD-0101"  id of a product
// $other = "product:KD-0102"  id of another
MATCH (a:Product {id: $one})-[r]->(shared)<-[s]-(b:Product {id: $other})
RETURN a, r, shared, s, b
ORDER BY shared.id
LIMIT 100
