"""The plain command line: one module per command."""
