// What two customer groups differ in: which motifs do buyers of one thing like more than of another?
// A group are those who bought from a category, of a kind or of a brand. Shares are of each group's
// customers; somebody may be in both.
// $one = ""  id of a category, kind or brand; empty: the one with the most customers
// $other = ""  id of another; empty: the next one
MATCH (g)<-[:IN_CATEGORY|IS_A|HAS_BRAND]-(:Product)<-[:BOUGHT]-(u:User)
WHERE $one = "" OR g.id = $one
WITH g.id AS one, g.name AS one_name, count(DISTINCT u) AS size_one
ORDER BY size_one DESC, one
LIMIT 1
MATCH (g)<-[:IN_CATEGORY|IS_A|HAS_BRAND]-(:Product)<-[:BOUGHT]-(u:User)
WHERE g.id <> one AND ($other = "" OR g.id = $other)
WITH one, one_name, size_one, g.id AS other, g.name AS other_name, count(DISTINCT u) AS size_other
ORDER BY size_other DESC, other
LIMIT 1
MATCH (g)<-[:IN_CATEGORY|IS_A|HAS_BRAND]-(:Product)<-[:BOUGHT]-(u:User)
WHERE g.id = one OR g.id = other
WITH DISTINCT one, one_name, size_one, other, other_name, size_other, g.id AS bought, u
MATCH (u)-[:BOUGHT]->(:Product)-[:HAS_MOTIF]->(m:Motif)
WITH DISTINCT one, one_name, size_one, other, other_name, size_other, bought, u, m
WITH one_name, size_one, other_name, size_other, m,
  sum(CASE WHEN bought = one THEN 1 ELSE 0 END) AS ones,
  sum(CASE WHEN bought = other THEN 1 ELSE 0 END) AS others
WITH m, one_name, other_name, ones * 1.0 / size_one AS share_one,
  others * 1.0 / size_other AS share_other
RETURN m.id AS motif, m.name AS name, one_name AS one, share_one, other_name AS other, share_other,
  share_one - share_other AS difference
ORDER BY difference DESC, motif
LIMIT 100
