"""Looking inside a model: one forward and one backward pass that measure every layer."""
