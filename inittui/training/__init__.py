"""The engine: an experiment goes in, a stream of events comes out."""

import os

# OpenMP reads this when torch is loaded, which is after this line. By default its threads spin
# while they wait for each other: on a machine whose cores are shared, a spinning thread keeps the
# one it waits for from running. Two busy neighbours made training 7 to 16 times slower so.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
