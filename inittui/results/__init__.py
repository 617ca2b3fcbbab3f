"""What a run's events add up to."""
