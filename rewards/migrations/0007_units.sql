-- A unit that nobody is in any more may be retired: it is offered no longer, and its history stays.
ALTER TABLE unit ADD COLUMN retired_on DATE;
