// Rising motifs: which motifs are bought more often than they used to be?
// $since = "2026-W20"  first ISO week of the time that is compared with all before it
// $least = 5  purchases since then
MATCH (m:Motif)<-[:HAS_MOTIF]-(:Product)<-[r:BOUGHT]-(:User)
UNWIND r.weeks AS week
WITH m, sum(CASE WHEN week >= $since THEN 1 ELSE 0 END) AS now,
  sum(CASE WHEN week < $since THEN 1 ELSE 0 END) AS before
WHERE now >= $least
RETURN m.id AS motif, m.name AS name, now, before, now * 1.0 / (now + before) AS share_now
ORDER BY share_now DESC, motif
LIMIT 50
