"""The engine: an experiment goes in, a stream of events comes out."""
