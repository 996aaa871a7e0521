-- Quizzes and the rooms that play them.

CREATE TABLE quiz (
    id UUID PRIMARY KEY,
    title VARCHAR(200) NOT NULL,
    scoring VARCHAR(10) NOT NULL DEFAULT 'kahoot',
    floor_percent SMALLINT NOT NULL DEFAULT 50,
    created_by UUID,
    created_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT quiz_scoring CHECK (scoring IN ('none','kahoot','linear') AND floor_percent BETWEEN 0 AND 100)
);

CREATE TABLE question (
    id UUID PRIMARY KEY,
    quiz UUID NOT NULL REFERENCES quiz (id),
    position SMALLINT NOT NULL DEFAULT 0,
    kind VARCHAR(12) NOT NULL,
    text VARCHAR(500) NOT NULL,
    options VARCHAR(255)[] NOT NULL DEFAULT '{}',
    right_mask SMALLINT NOT NULL DEFAULT 0,
    seconds SMALLINT NOT NULL DEFAULT 20,
    points INTEGER NOT NULL DEFAULT 1000,
    explanation VARCHAR(1000) NOT NULL DEFAULT '',
    CONSTRAINT question_one_position UNIQUE (quiz, position),
    CONSTRAINT question_shape CHECK (kind IN ('single','multiple','true_false') AND cardinality(options) BETWEEN 2 AND 8 AND right_mask > 0 AND right_mask < (1 << cardinality(options)) AND seconds BETWEEN 5 AND 300 AND points BETWEEN 0 AND 10000)
);

CREATE TABLE room (
    id UUID PRIMARY KEY,
    quiz UUID NOT NULL REFERENCES quiz (id),
    season UUID NOT NULL REFERENCES season (id),
    code VARCHAR(8) UNIQUE NOT NULL,
    state VARCHAR(12) NOT NULL DEFAULT 'lobby',
    version INTEGER NOT NULL DEFAULT 1,
    position SMALLINT NOT NULL DEFAULT 0,
    host UUID NOT NULL REFERENCES member (id),
    created_at TIMESTAMPTZ NOT NULL,
    opens_at TIMESTAMPTZ,
    ends_at TIMESTAMPTZ,
    ended_at TIMESTAMPTZ,
    posted_at TIMESTAMPTZ,
    CONSTRAINT room_known_state CHECK (state IN ('scheduled','lobby','question','reveal','podium','cancelled'))
);
CREATE INDEX room_quiz ON room (quiz);

CREATE TABLE player (
    id UUID PRIMARY KEY,
    room UUID NOT NULL REFERENCES room (id),
    member UUID NOT NULL REFERENCES member (id),
    joined_at TIMESTAMPTZ NOT NULL,
    removed_at TIMESTAMPTZ,
    CONSTRAINT player_once UNIQUE (room, member)
);
CREATE INDEX player_member ON player (member);

CREATE TABLE round (
    id UUID PRIMARY KEY,
    room UUID NOT NULL REFERENCES room (id),
    question UUID NOT NULL REFERENCES question (id),
    position SMALLINT NOT NULL DEFAULT 0,
    state VARCHAR(10) NOT NULL DEFAULT 'open',
    opened_at TIMESTAMPTZ NOT NULL,
    closes_at TIMESTAMPTZ NOT NULL,
    paused_at TIMESTAMPTZ,
    paused_ms INTEGER NOT NULL DEFAULT 0,
    closed_at TIMESTAMPTZ,
    CONSTRAINT round_once UNIQUE (room, position),
    CONSTRAINT round_known_state CHECK (state IN ('open','paused','closing','closed','skipped'))
);

CREATE TABLE answer (
    id BIGSERIAL PRIMARY KEY,
    round UUID NOT NULL REFERENCES round (id),
    member UUID NOT NULL REFERENCES member (id),
    picked SMALLINT NOT NULL DEFAULT 0,
    received_at TIMESTAMPTZ NOT NULL,
    elapsed_ms INTEGER NOT NULL DEFAULT 0,
    correct BOOLEAN NOT NULL DEFAULT false,
    points INTEGER NOT NULL DEFAULT 0,
    CONSTRAINT answer_once UNIQUE (round, member),
    CONSTRAINT answer_bounds CHECK (picked > 0 AND elapsed_ms >= 0 AND points >= 0)
);
CREATE INDEX answer_member ON answer (member);

-- An acknowledged answer is never changed or taken back.
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON answer
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
CREATE UNIQUE INDEX round_one_live ON round (room) WHERE state IN ('open', 'paused', 'closing');
CREATE INDEX room_unfinished ON room (state) WHERE state NOT IN ('podium', 'cancelled');
