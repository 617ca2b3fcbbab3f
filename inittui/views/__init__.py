"""From a run's state to what a person reads: rich renderables, drawn by the CLI and the TUI."""
