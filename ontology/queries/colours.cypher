// Colours: how many products come in each, what do they cost, how many customers did they bring?
// $least = 1  products
MATCH (c:Colour)<-[:HAS_COLOR]-(p:Product)
OPTIONAL MATCH (p)<-[:BOUGHT]-(u:User)
WITH c, p, count(u) AS bought
WITH c, count(p) AS products, avg(p.price) AS average_price, sum(bought) AS purchases
WHERE products >= $least
RETURN c.id AS colour, c.name AS name, products, average_price, purchases
ORDER BY products DESC, colour
