"""The engine: an experiment goes in, a stream of events comes out."""

import os

# OpenMP reads these when torch is loaded, which is after these lines. By default its threads spin
# for milliseconds while they wait for each other: where cores are shared, a spinning thread keeps
# the one it waits for from running. Two busy neighbours made training 3 to 16 times slower so.
# Threads that sleep at once cost a quiet machine a quarter of its speed; 10,000 turns, about as
# long as one small product takes, cost neither much (measured on two cores).
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "10000")

# MKL as it is divides a product among its threads as they come, so that sums may be rounded
# otherwise in one run of hundreds, where cores are busy. AUTO takes the same instructions, but
# divides them in one way; the results are those of the usual case, at no measurable cost.
# Source: Intel oneMKL Developer Guide, "Obtaining Numerically Reproducible Results".
DIVISION = {"MKL_CBWR": "AUTO", "MKL_DYNAMIC": "FALSE"}
for _name, _value in DIVISION.items():
    os.environ.setdefault(_name, _value)
