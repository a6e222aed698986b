// Rising motifs: which motifs have a larger share of the purchases than they used to have?
// Growth is the share now over the share before, where one purchase more is counted before.
// $weeks = 13  the last weeks with purchases, compared with all before them
// $least = 5  purchases in these weeks
MATCH (:Product)<-[b:BOUGHT]-(:User)
UNWIND b.weeks AS w
WITH w, count(*) AS sold
ORDER BY w DESC
LIMIT $weeks
WITH w AS since
ORDER BY since
LIMIT 1
MATCH (:Product)<-[b:BOUGHT]-(:User)
UNWIND b.weeks AS w
WITH since, sum(CASE WHEN w >= since THEN 1 ELSE 0 END) AS all_now,
  sum(CASE WHEN w < since THEN 1 ELSE 0 END) AS all_before
MATCH (m:Motif)<-[:HAS_MOTIF]-(:Product)<-[r:BOUGHT]-(:User)
UNWIND r.weeks AS week
WITH m, all_now, all_before, sum(CASE WHEN week >= since THEN 1 ELSE 0 END) AS now,
  sum(CASE WHEN week < since THEN 1 ELSE 0 END) AS before
WHERE now >= $least
RETURN m.id AS motif, m.name AS name, now, before,
  now * 1.0 / all_now * all_before / (before + 1) AS growth
ORDER BY growth DESC, motif
LIMIT 50
