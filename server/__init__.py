"""The process and its faces."""

VERSION = "0.1.0"
