"""Charts in characters: the only place that knows plotext."""
