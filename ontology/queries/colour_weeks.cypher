// Colours by week: how many purchases did each colour bring, week by week?
// $since = "2026-W01"  first ISO week
// $until = "2026-W52"  last ISO week
MATCH (c:Colour)<-[:HAS_COLOR]-(:Product)<-[r:BOUGHT]-(:User)
UNWIND r.weeks AS week
WITH c, week, count(*) AS purchases
WHERE week >= $since AND week <= $until
RETURN week, c.id AS colour, c.name AS name, purchases
ORDER BY week, purchases DESC, colour
