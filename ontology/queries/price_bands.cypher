// Price bands by brand: how are a brand's products spread over cheap, middle and dear?
// $low = 10  below it is cheap
// $high = 30  from it on is dear
MATCH (p:Product)-[:HAS_BRAND]->(b:Brand)
WHERE p.price > 0
WITH b, count(p) AS products, min(p.price) AS cheapest, avg(p.price) AS mean,
  max(p.price) AS dearest, sum(CASE WHEN p.price < $low THEN 1 ELSE 0 END) AS cheap,
  sum(CASE WHEN p.price >= $high THEN 1 ELSE 0 END) AS dear
RETURN b.id AS brand, b.name AS name, products, cheap, products - cheap - dear AS middle, dear,
  cheapest, mean, dearest
ORDER BY products DESC, brand
