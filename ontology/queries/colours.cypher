// How many products come in each colour, what do they cost, and how many purchases did they bring?
MATCH (c:Colour)<-[:HAS_COLOR]-(p:Product)
OPTIONAL MATCH (p)<-[:BOUGHT]-(u:User)
WITH c, p, count(u) AS bought
RETURN c.id AS colour, c.name AS name, count(p) AS products,
  avg(p.price) AS average_price, sum(bought) AS purchases
ORDER BY products DESC, colour
