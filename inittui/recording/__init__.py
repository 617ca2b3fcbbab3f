"""The process that trains and writes the log."""
