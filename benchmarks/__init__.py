"""Measurements of a served Laurel. Never part of the tests: `make bench`."""
