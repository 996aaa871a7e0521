"""Workbooks (.xlsx), read within limits and written.

The reader is our own: libraries pad rows up to any row number that a file claims, fail on styles that other office
programs write, and know neither the Chinese date formats nor a format that pads with zeros.
"""
