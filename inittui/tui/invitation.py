"""What the key that runs would train, in a sentence: what is ticked, swept, and ruled by layer."""

from __future__ import annotations

from collections.abc import Sequence

from inittui.experiment.records import SETTING_SWEEP
from inittui.text import sanitize

_LONGEST = 300


def invitation(key: str, ticked: int, sweeps: Sequence[str], layers: Sequence[str]) -> str:
    """Return the sentence; ``sweeps`` and ``layers`` are as they are typed, one a text.

    A sweep of an initializer's parameter adds contestants; one of a setting repeats them all for
    each of its values, and layer rules hold for all of them.
    """
    what = ["the one that is ticked" if ticked == 1 else f"the {ticked} that are ticked"]
    own = [text for text in sweeps if not SETTING_SWEEP.fullmatch(text)]
    trained = what * bool(ticked) + [f"the sweep {text}" for text in own]
    said = " and ".join(trained or ["the model"])
    if layers:
        said += f" with the layers {', '.join(layers)}"
    if settings := [text for text in sweeps if text not in own]:
        said += f" for each {' and '.join(settings)}"
    return f"Press {key} to train {sanitize(said, _LONGEST)} and watch the losses."
