"""The terminal UI. Never imports torch: training runs in processes of its own."""
