-- Who has seen the right answers of a quiz plays it outside the boards.

CREATE TABLE insider (
    id BIGSERIAL PRIMARY KEY,
    quiz UUID NOT NULL REFERENCES quiz (id),
    member UUID NOT NULL REFERENCES member (id),
    since TIMESTAMPTZ NOT NULL,
    CONSTRAINT insider_once UNIQUE (quiz, member)
);
CREATE INDEX insider_member ON insider (member);

-- The room was over before he saw them: what he earned there stays.
ALTER TABLE player ADD COLUMN kept BOOLEAN NOT NULL DEFAULT false;

-- Quizzes with the same question are found by it.
CREATE INDEX question_text ON question USING hash (text);

CREATE VIEW outside AS
    SELECT player.room, player.member FROM player JOIN room ON room.id = player.room
    JOIN insider ON insider.quiz = room.quiz AND insider.member = player.member WHERE NOT player.kept;

-- Until now it was not written down who looked; who brought a quiz and who opened its rooms is known.
INSERT INTO insider (quiz, member, since)
SELECT DISTINCT other.quiz, known.member, now()
FROM (SELECT id AS quiz, created_by AS member FROM quiz UNION SELECT quiz, host FROM room) AS known
JOIN member ON member.id = known.member
JOIN question AS one ON one.quiz = known.quiz
JOIN question AS other ON other.text = one.text AND other.options = one.options;

UPDATE player SET kept = true FROM room WHERE room.id = player.room AND room.ended_at IS NOT NULL
    AND EXISTS (SELECT FROM insider WHERE insider.quiz = room.quiz AND insider.member = player.member);
