-- What the people of a unit bring, added up unit by unit.
CREATE INDEX share_unit ON share (season, unit);
