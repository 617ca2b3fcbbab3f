"""The engine: an experiment goes in, a stream of events comes out."""

import os

# OpenMP reads these when torch is loaded, which is after these lines. By default its threads spin
# for milliseconds while they wait for each other: where cores are shared, a spinning thread keeps
# the one it waits for from running. Two busy neighbours made training 3 to 16 times slower so.
# Threads that sleep at once cost a quiet machine a quarter of its speed; 10,000 turns, about as
# long as one small product takes, cost neither much (measured on two cores).
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "10000")
