-- Boards follow the entries that were written, whoever wrote them: work that names a room names its entries instead.

UPDATE intent SET subject = span.first || '-' || span.last
FROM (
    SELECT work.id, min(entry.id) AS first, max(entry.id) AS last
    FROM intent AS work
    JOIN posting ON posting.key LIKE 'quiz:' || work.subject || ':%'
    JOIN entry ON entry.posting = posting.id
    WHERE work.kind = 'refresh_boards' AND work.done_at IS NULL
    GROUP BY work.id
) AS span
WHERE span.id = intent.id;

-- A room that brought nobody points has nothing to show.
UPDATE intent SET done_at = now() WHERE kind = 'refresh_boards' AND done_at IS NULL AND subject !~ '^[0-9]+-[0-9]+$';
