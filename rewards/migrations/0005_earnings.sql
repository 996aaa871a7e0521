-- Earnings are declared by the program that runs, and a draw counts any of them by one kind of condition.

ALTER TABLE earning_rule
    ADD COLUMN measure VARCHAR(10) NOT NULL DEFAULT '',
    ADD COLUMN declared BOOLEAN NOT NULL DEFAULT false;

-- Nothing pays these yet. Whatever does will declare them, with its own terms; what people have set stays.
DELETE FROM earning_rule WHERE code IN ('level', 'hours', 'idea')
    AND NOT EXISTS (SELECT FROM posting WHERE posting.rule = earning_rule.code)
    AND NOT EXISTS (SELECT FROM audit_entry WHERE audit_entry.code = 'rule.set' AND subject = earning_rule.code);

CREATE FUNCTION counted(parts JSONB) RETURNS JSONB LANGUAGE sql AS $$
    SELECT coalesce(jsonb_agg(CASE part->>'part'
        WHEN 'quizzes' THEN part || '{"part": "counted", "earning": "quiz", "tally": "count"}'
        WHEN 'levels' THEN part || '{"part": "counted", "earning": "level", "tally": "count"}'
        WHEN 'ideas' THEN part || '{"part": "counted", "earning": "idea", "tally": "count"}'
        WHEN 'hours' THEN part || '{"part": "counted", "earning": "hours", "tally": "sum", "measure": "minutes"}'
        WHEN 'passed' THEN part - 'quiz' || '{"part": "counted", "earning": "quiz", "tally": "best", "measure": "percent"}'
            || jsonb_build_object('about', part->'quiz')
        ELSE part END ORDER BY place), '[]')
    FROM jsonb_array_elements(parts) WITH ORDINALITY AS listed(part, place)
$$;
UPDATE draw SET rule = rule || jsonb_build_object(
    'parts', counted(coalesce(rule->'parts', '[]')),
    'classes', (
        SELECT coalesce(jsonb_agg(class || jsonb_build_object('parts', counted(class->'parts')) ORDER BY place), '[]')
        FROM jsonb_array_elements(coalesce(rule->'classes', '[]')) WITH ORDINALITY AS listed(class, place)
    )
);
DROP FUNCTION counted(JSONB);
