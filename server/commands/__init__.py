"""The command line: one file a group of commands, all speaking through terminal.py."""
