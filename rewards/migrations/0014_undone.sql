-- A hand-over that a second person takes back: how often that happened to a win, and who did it last.

ALTER TABLE win
    ADD COLUMN undone SMALLINT NOT NULL DEFAULT 0,
    ADD COLUMN undone_by UUID,
    ADD CONSTRAINT win_undone CHECK (undone >= 0 AND (undone = 0) = (undone_by IS NULL));

CREATE OR REPLACE FUNCTION refuse_second_claim() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Only what retention forgets leaves an ended win.
    IF OLD.state IN ('claimed', 'absent', 'declined', 'expired', 'annulled')
            AND (NEW.draw, NEW.prize, NEW.slot, NEW.attempt, NEW.line, NEW.member, NEW.claim_code, NEW.state, NEW.state_at,
                NEW.claimed_at, NEW.handed_over_by, NEW.signed_on_paper, NEW.undone, NEW.undone_by) IS NOT DISTINCT FROM
                (OLD.draw, OLD.prize, OLD.slot, OLD.attempt, OLD.line, OLD.member, OLD.claim_code, OLD.state, OLD.state_at,
                OLD.claimed_at, OLD.handed_over_by, OLD.signed_on_paper, OLD.undone, OLD.undone_by)
            AND NEW.signature IS NULL AND NEW.proxy_name = '' AND NEW.proxy_why = '' THEN
        RETURN NEW;
    END IF;
    -- A hand-over is taken back by somebody else than who gave and who was to have it; the win is open as before it.
    IF OLD.state = 'claimed' AND NEW.state IN ('drawn', 'called') AND NEW.undone = OLD.undone + 1
            AND NEW.undone_by IS DISTINCT FROM OLD.handed_over_by AND NEW.undone_by IS DISTINCT FROM OLD.member
            AND (NEW.draw, NEW.prize, NEW.slot, NEW.attempt, NEW.line, NEW.member, NEW.claim_code, NEW.called_at)
                IS NOT DISTINCT FROM
                (OLD.draw, OLD.prize, OLD.slot, OLD.attempt, OLD.line, OLD.member, OLD.claim_code, OLD.called_at)
            AND NEW.claimed_at IS NULL AND NEW.handed_over_by IS NULL AND NEW.signature IS NULL AND NEW.proxy_name = ''
            AND NEW.proxy_why = '' AND NOT NEW.signed_on_paper THEN
        RETURN NEW;
    END IF;
    IF OLD.state IN ('claimed', 'absent', 'declined', 'expired', 'annulled')
        OR (NEW.draw, NEW.prize, NEW.slot, NEW.attempt, NEW.line, NEW.member, NEW.claim_code, NEW.undone, NEW.undone_by)
        IS DISTINCT FROM
        (OLD.draw, OLD.prize, OLD.slot, OLD.attempt, OLD.line, OLD.member, OLD.claim_code, OLD.undone, OLD.undone_by) THEN
        RAISE EXCEPTION 'a win ends once and is never altered' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
