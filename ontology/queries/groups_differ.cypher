// What two customer groups differ in: which motifs do buyers of one category like more than of another?
// Shares are of each group's customers; somebody may be in both.
// $one = "category:kitchen-dining"  category of the first group
// $other = "category:garden-outdoor"  category of the second
MATCH (:Category {id: $one})<-[:IN_CATEGORY]-(:Product)<-[:BOUGHT]-(x:User)
WITH count(DISTINCT x) AS size_one
MATCH (:Category {id: $other})<-[:IN_CATEGORY]-(:Product)<-[:BOUGHT]-(y:User)
WITH size_one, count(DISTINCT y) AS size_other
MATCH (g:Category)<-[:IN_CATEGORY]-(:Product)<-[:BOUGHT]-(u:User)
WHERE g.id = $one OR g.id = $other
WITH DISTINCT size_one, size_other, g, u
MATCH (u)-[:BOUGHT]->(:Product)-[:HAS_MOTIF]->(m:Motif)
WITH DISTINCT size_one, size_other, g, u, m
WITH size_one, size_other, m, sum(CASE WHEN g.id = $one THEN 1 ELSE 0 END) AS ones,
  sum(CASE WHEN g.id = $other THEN 1 ELSE 0 END) AS others
WITH m, ones * 1.0 / size_one AS share_one, others * 1.0 / size_other AS share_other
RETURN m.id AS motif, m.name AS name, share_one, share_other, share_one - share_other AS difference
ORDER BY difference DESC, motif
LIMIT 100
