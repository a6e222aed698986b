// Around a product: what does the graph say of it? For a picture: --format png.
// $product = "product:KD-0101"  id of the product
MATCH (p:Product {id: $product})-[r]->(o)
RETURN p, r, o
ORDER BY type(r), o.id
LIMIT 200
