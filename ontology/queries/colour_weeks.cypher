// Colours by week: how many purchases did each colour bring, week by week?
// $weeks = 13  the last weeks with purchases
MATCH (:Product)<-[b:BOUGHT]-(:User)
UNWIND b.weeks AS w
WITH w, count(*) AS sold
ORDER BY w DESC
LIMIT $weeks
WITH w AS since
ORDER BY since
LIMIT 1
MATCH (c:Colour)<-[:HAS_COLOR]-(:Product)<-[r:BOUGHT]-(:User)
UNWIND r.weeks AS week
WITH since, c, week
WHERE week >= since
WITH week, c, count(*) AS purchases
RETURN week, c.id AS colour, c.name AS name, purchases
ORDER BY week, purchases DESC, colour
