// Around a product: what does the graph say of it? For a picture: --format png.
// $product = ""  id of the product; empty: the one with the most customers
MATCH (p:Product)
WHERE $product = "" OR p.id = $product
OPTIONAL MATCH (p)<-[b:BOUGHT]-(:User)
WITH p, count(b) AS customers
ORDER BY customers DESC, p.id
LIMIT 1
MATCH (p)-[r]->(o)
RETURN p, r, o
ORDER BY type(r), o.id
LIMIT 200
