"""Laurel's own time, which nobody sets by accident (decision 25)."""
