"""Stacks that train in processes of their own, one on each device; one process writes the log."""
