"""The desk's pages of seasons and settings."""
