// Season of an occasion: in which weeks are its products bought?
// $occasion = "occasion:christmas"  id of the occasion
MATCH (:Occasion {id: $occasion})<-[:FOR_OCCASION]-(:Product)<-[r:BOUGHT]-(:User)
UNWIND r.weeks AS week
WITH week, count(*) AS purchases
RETURN week, purchases
ORDER BY week
