"""A demonstration: a plausible union, and players who behave like people. Never touches real data."""
