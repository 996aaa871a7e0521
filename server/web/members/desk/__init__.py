"""The desk's pages of members and units."""
