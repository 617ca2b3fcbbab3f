"""What happened in a run, one fact at a time."""
