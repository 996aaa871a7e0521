-- Draws in full: rules of parts, rounds, custodians, void and presence lists, transcripts, alternates, claims.

ALTER TABLE draw
    ADD COLUMN rule JSONB NOT NULL DEFAULT '{}',
    ADD COLUMN rounds JSONB NOT NULL DEFAULT '[]',
    ADD COLUMN rehearses UUID REFERENCES draw (id),
    ADD COLUMN one_win BOOLEAN NOT NULL DEFAULT true,
    ADD COLUMN presence BOOLEAN NOT NULL DEFAULT false,
    ADD COLUMN call_seconds INTEGER NOT NULL DEFAULT 60,
    ADD COLUMN dispute_hours INTEGER NOT NULL DEFAULT 24,
    ADD COLUMN claim_days INTEGER NOT NULL DEFAULT 30,
    ADD COLUMN shown_names VARCHAR(10) NOT NULL DEFAULT 'masked',
    ADD COLUMN witnesses VARCHAR(200)[] NOT NULL DEFAULT '{}',
    ADD COLUMN beacon_at TIMESTAMPTZ,
    ADD COLUMN freezing_since TIMESTAMPTZ,
    ADD COLUMN frozen_by UUID,
    ADD COLUMN arm_after TIMESTAMPTZ,
    ADD COLUMN armed_at TIMESTAMPTZ,
    ADD COLUMN closed_at TIMESTAMPTZ,
    ADD COLUMN forgotten_at TIMESTAMPTZ,
    ADD COLUMN program BYTEA,
    ADD COLUMN manifest_signature VARCHAR(128) NOT NULL DEFAULT '',
    ADD COLUMN result_signature VARCHAR(128) NOT NULL DEFAULT '',
    ADD COLUMN voids BYTEA,
    ADD COLUMN present BYTEA;

UPDATE draw SET rule = jsonb_build_object(
    'parts', (
        CASE WHEN cardinality(units) > 0 THEN jsonb_build_array(jsonb_build_object('part', 'units', 'units', to_jsonb(units))) ELSE '[]' END
        || CASE WHEN min_points > 0 THEN jsonb_build_array(jsonb_build_object('part', 'points', 'least', min_points)) ELSE '[]' END
        || CASE WHEN min_quizzes > 0 THEN jsonb_build_array(jsonb_build_object('part', 'quizzes', 'least', min_quizzes)) ELSE '[]' END
    ),
    'per', points_per_ticket, 'cap', ticket_cap, 'classes', '[]'::jsonb
);

ALTER TABLE draw
    DROP COLUMN min_points, DROP COLUMN min_quizzes, DROP COLUMN units, DROP COLUMN points_per_ticket, DROP COLUMN ticket_cap,
    DROP CONSTRAINT draw_known_state, DROP CONSTRAINT draw_published,
    ADD CONSTRAINT draw_known_state CHECK (state IN ('draft','freezing','frozen','armed','rolled','drawn','closed','cancelled')),
    ADD CONSTRAINT draw_published CHECK (state IN ('draft','freezing','cancelled') OR (manifest IS NOT NULL AND snapshot IS NOT NULL)),
    ADD CONSTRAINT draw_bounds CHECK ((unit_cap IS NULL OR unit_cap >= 1) AND call_seconds BETWEEN 0 AND 3600
        AND dispute_hours BETWEEN 0 AND 8760 AND claim_days BETWEEN 0 AND 3650 AND shown_names IN ('masked','full','number'));
CREATE INDEX draw_rehearses ON draw (rehearses);

ALTER TABLE prize
    ADD COLUMN round VARCHAR(32) NOT NULL DEFAULT 'r1',
    ADD COLUMN value BIGINT NOT NULL DEFAULT 0 CHECK (value BETWEEN 0 AND 100000000000),
    ADD COLUMN sponsor VARCHAR(200) NOT NULL DEFAULT '',
    ADD COLUMN picture BYTEA,
    ADD COLUMN batch INTEGER NOT NULL DEFAULT 1 CHECK (batch BETWEEN 1 AND 150),
    ADD COLUMN class VARCHAR(64) NOT NULL DEFAULT '',
    ADD COLUMN units UUID[] NOT NULL DEFAULT '{}',
    ADD COLUMN present BOOLEAN NOT NULL DEFAULT true,
    ADD COLUMN redraw VARCHAR(20) NOT NULL DEFAULT '',
    ADD COLUMN alternates INTEGER NOT NULL DEFAULT 0 CHECK (alternates BETWEEN 0 AND 1000),
    ADD COLUMN budget UUID,
    ADD COLUMN stock UUID;

ALTER TABLE entrant
    ADD COLUMN name VARCHAR(200) NOT NULL DEFAULT '',
    ADD COLUMN staff_number VARCHAR(64) NOT NULL DEFAULT '',
    ADD COLUMN unit UUID REFERENCES unit (id),
    ADD COLUMN class VARCHAR(64) NOT NULL DEFAULT '';
CREATE INDEX entrant_unit ON entrant (unit);

CREATE TABLE draw_exclusion (
    id UUID PRIMARY KEY,
    draw UUID NOT NULL REFERENCES draw (id),
    member UUID NOT NULL REFERENCES member (id),
    why VARCHAR(300) NOT NULL,
    added_by UUID NOT NULL,
    CONSTRAINT draw_exclusion_one_each UNIQUE (draw, member),
    CONSTRAINT draw_exclusion_why CHECK (why <> '')
);
CREATE INDEX draw_exclusion_member ON draw_exclusion (member);

-- A custodian makes his secret himself; until he reveals it the server knows its commitment alone.
-- `kept` is a secret that the server made for a rehearsal.
CREATE TABLE custodian (
    id UUID PRIMARY KEY,
    draw UUID NOT NULL REFERENCES draw (id),
    position SMALLINT NOT NULL DEFAULT 0,
    label VARCHAR(32) NOT NULL,
    name VARCHAR(200) NOT NULL,
    member UUID REFERENCES member (id),
    commitment BYTEA,
    sealed_at TIMESTAMPTZ,
    sealed_by UUID,
    kept BYTEA,
    CONSTRAINT custodian_one_label UNIQUE (draw, label),
    CONSTRAINT custodian_sizes CHECK (octet_length(commitment) = 32 AND octet_length(kept) = 32)
);
CREATE INDEX custodian_member ON custodian (member);
INSERT INTO custodian (id, draw, position, label, name, commitment, sealed_at, kept)
SELECT commitment.id, draw.id, commitment.position, label, label,
       decode(convert_from(draw.manifest, 'UTF8')::jsonb -> 'commit' ->> commitment.position::integer, 'hex'), draw.frozen_at, secret
FROM commitment JOIN draw ON draw.id = commitment.draw;
DROP TABLE commitment;

CREATE TABLE void_line (
    id UUID PRIMARY KEY,
    draw UUID NOT NULL REFERENCES draw (id),
    line INTEGER NOT NULL,
    reason VARCHAR(64) NOT NULL,
    why VARCHAR(300) NOT NULL DEFAULT '',
    added_by UUID NOT NULL,
    added_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT void_line_one_each UNIQUE (draw, line)
);

-- `scanned_at` is the time by the scanning device, `received_at` by the server.
CREATE TABLE check_in (
    id UUID PRIMARY KEY,
    draw UUID NOT NULL REFERENCES draw (id),
    member UUID NOT NULL REFERENCES member (id),
    scanned_at TIMESTAMPTZ NOT NULL,
    received_at TIMESTAMPTZ NOT NULL,
    by UUID NOT NULL,
    way VARCHAR(10) NOT NULL,
    CONSTRAINT check_in_one_each UNIQUE (draw, member),
    CONSTRAINT check_in_way CHECK (way IN ('scan','list','offline'))
);
CREATE INDEX check_in_member ON check_in (member);

-- Logs that were brought from an offline kit. Another one than that which counts is a conflict, and published.
CREATE TABLE transcript (
    id UUID PRIMARY KEY,
    draw UUID NOT NULL REFERENCES draw (id),
    digest BYTEA NOT NULL,
    log TEXT NOT NULL,
    voids BYTEA,
    present BYTEA,
    code VARCHAR(20) NOT NULL,
    verdict VARCHAR(10) NOT NULL,
    witnesses VARCHAR(200)[] NOT NULL DEFAULT '{}',
    brought_by UUID NOT NULL,
    brought_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT transcript_one_each UNIQUE (draw, digest),
    CONSTRAINT transcript_verdict CHECK (verdict IN ('counts','conflict'))
);

-- An absence counts when two people have confirmed it; the first of them waits here, and may take it back.
CREATE TABLE absence_confirmation (
    id UUID PRIMARY KEY,
    draw UUID NOT NULL REFERENCES draw (id),
    prize UUID NOT NULL REFERENCES prize (id),
    slot INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    reason VARCHAR(20) NOT NULL DEFAULT '',
    confirmed_by UUID NOT NULL,
    confirmed_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT absence_confirmation_one_each UNIQUE (draw, prize, slot, attempt)
);

CREATE TABLE alternate (
    id UUID PRIMARY KEY,
    draw UUID NOT NULL REFERENCES draw (id),
    prize UUID NOT NULL REFERENCES prize (id),
    place INTEGER NOT NULL,
    line INTEGER NOT NULL,
    member UUID NOT NULL REFERENCES member (id),
    used_at TIMESTAMPTZ,
    CONSTRAINT alternate_one_place UNIQUE (draw, prize, place)
);
CREATE INDEX alternate_member ON alternate (member);

ALTER TABLE win
    ADD COLUMN state VARCHAR(10) NOT NULL DEFAULT 'drawn',
    ADD COLUMN state_at TIMESTAMPTZ,
    ADD COLUMN called_at TIMESTAMPTZ,
    ADD COLUMN expires_at TIMESTAMPTZ,
    ADD COLUMN alternate_place INTEGER,
    ADD COLUMN proxy_name VARCHAR(200) NOT NULL DEFAULT '',
    ADD COLUMN proxy_why VARCHAR(300) NOT NULL DEFAULT '',
    ADD COLUMN signature BYTEA,
    ADD COLUMN signed_on_paper BOOLEAN NOT NULL DEFAULT false;
ALTER TABLE win DISABLE TRIGGER claimed_once;
UPDATE win SET state = 'claimed', state_at = claimed_at WHERE claimed_at IS NOT NULL;
ALTER TABLE win ENABLE TRIGGER claimed_once;
-- A draw that was held by the earlier version was closed in the same step.
UPDATE draw SET state = 'closed', armed_at = drawn_at, closed_at = drawn_at WHERE state = 'drawn';
ALTER TABLE win ADD CONSTRAINT win_states CHECK (state IN ('drawn','called','absent','claimed','declined','expired','annulled')
    AND (state = 'claimed') = (claimed_at IS NOT NULL));
CREATE INDEX win_waiting ON win (expires_at) WHERE state IN ('drawn','called');

-- A log only grows; a result is replaced only while the log can still grow.
CREATE OR REPLACE FUNCTION refuse_republishing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.manifest IS NOT NULL AND NEW.manifest IS DISTINCT FROM OLD.manifest)
        OR (OLD.snapshot IS NOT NULL AND NEW.snapshot IS DISTINCT FROM OLD.snapshot)
        OR (OLD.program IS NOT NULL AND NEW.program IS DISTINCT FROM OLD.program)
        OR (OLD.voids IS NOT NULL AND NEW.voids IS DISTINCT FROM OLD.voids)
        OR (OLD.present IS NOT NULL AND NEW.present IS DISTINCT FROM OLD.present)
        OR (OLD.log IS NOT NULL AND (NEW.log IS NULL OR left(NEW.log, length(OLD.log)) <> OLD.log))
        OR (OLD.state IN ('closed', 'cancelled') AND (NEW.log IS DISTINCT FROM OLD.log OR NEW.result IS DISTINCT FROM OLD.result
            OR NEW.state IS DISTINCT FROM OLD.state)) THEN
        RAISE EXCEPTION 'a published file of a draw is never changed' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

-- A custodian commits once.
CREATE FUNCTION refuse_second_commitment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.commitment IS NOT NULL AND (NEW.draw, NEW.label, NEW.commitment) IS DISTINCT FROM (OLD.draw, OLD.label, OLD.commitment) THEN
        RAISE EXCEPTION 'a commitment is never changed' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER commits_once BEFORE UPDATE ON custodian FOR EACH ROW EXECUTE FUNCTION refuse_second_commitment();

-- A win ends once: claimed, absent, declined, expired, or annulled with the whole draw.
CREATE OR REPLACE FUNCTION refuse_second_claim() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Only what retention forgets leaves an ended win.
    IF OLD.state IN ('claimed', 'absent', 'declined', 'expired', 'annulled')
            AND (NEW.draw, NEW.prize, NEW.slot, NEW.attempt, NEW.line, NEW.member, NEW.claim_code, NEW.state, NEW.state_at,
                NEW.claimed_at, NEW.handed_over_by, NEW.signed_on_paper) IS NOT DISTINCT FROM
                (OLD.draw, OLD.prize, OLD.slot, OLD.attempt, OLD.line, OLD.member, OLD.claim_code, OLD.state, OLD.state_at,
                OLD.claimed_at, OLD.handed_over_by, OLD.signed_on_paper)
            AND NEW.signature IS NULL AND NEW.proxy_name = '' AND NEW.proxy_why = '' THEN
        RETURN NEW;
    END IF;
    IF OLD.state IN ('claimed', 'absent', 'declined', 'expired', 'annulled')
        OR (NEW.draw, NEW.prize, NEW.slot, NEW.attempt, NEW.line, NEW.member, NEW.claim_code)
        IS DISTINCT FROM (OLD.draw, OLD.prize, OLD.slot, OLD.attempt, OLD.line, OLD.member, OLD.claim_code) THEN
        RAISE EXCEPTION 'a win ends once and is never altered' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON transcript FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER kept BEFORE DELETE OR TRUNCATE ON alternate FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();

-- Who stands behind a line is kept as long as the organisation keeps records of draws, then forgotten.
DROP TRIGGER append_only ON entrant;
CREATE FUNCTION refuse_forgetting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' OR NOT EXISTS (SELECT FROM draw WHERE draw.id = OLD.draw AND forgotten_at IS NOT NULL) THEN
        RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON entrant FOR EACH ROW EXECUTE FUNCTION refuse_forgetting();
CREATE TRIGGER kept BEFORE TRUNCATE ON entrant FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();

-- What members say they saw on the stage: a code that differs from the published one is a reason to look.
CREATE TABLE code_seen (
    id UUID PRIMARY KEY,
    draw UUID NOT NULL REFERENCES draw (id),
    member UUID NOT NULL REFERENCES member (id),
    code VARCHAR(20) NOT NULL,
    at TIMESTAMPTZ NOT NULL,
    CONSTRAINT code_seen_one_each UNIQUE (draw, member)
);
CREATE INDEX code_seen_member ON code_seen (member);

-- Who was checked in by mistake is taken off again as long as the draw is not armed.
CREATE FUNCTION refuse_late_undoing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' OR NOT EXISTS (SELECT FROM draw WHERE draw.id = OLD.draw AND state = 'frozen') THEN
        RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON check_in FOR EACH ROW EXECUTE FUNCTION refuse_late_undoing();
CREATE TRIGGER kept BEFORE TRUNCATE ON check_in FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();

-- What a draw may ask for besides points: how well a quiz was answered (percent), how long somebody served (minutes).
ALTER TABLE posting
    ADD COLUMN about UUID,
    ADD COLUMN measure INTEGER CHECK (measure BETWEEN 0 AND 1000000);
CREATE INDEX posting_about ON posting (about) WHERE about IS NOT NULL;
INSERT INTO earning_rule (code, daily_cap, spend_percent) VALUES ('level', NULL, 100), ('hours', NULL, 100), ('idea', NULL, 100)
ON CONFLICT (code) DO NOTHING;
