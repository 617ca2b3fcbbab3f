"""What a lesson wants to be told of its run: typed questions, answered from the measured numbers.

Each kind is one table in a lesson's TOML file, chosen by its key ``says``. Published numbers stand
beside the measured ones; nothing that is said is written down in the lesson.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

from inittui.events.probes import When
from inittui.events.wire_numbers import Number

LossOf = Literal["start", "first-100", "last"]
"""The first step's loss, the mean of the first 100 steps, or the last step's loss."""

CANT_TELL = "this size can't tell"
"""What is said of the small size where it is too small for its question."""

Measurable = Literal[
    "weights.variance",
    "weights.std",
    "biases.std",
    "pre_activations.variance",
    "pre_activations.std",
    "activations.variance",
    "weight_gradients.variance",
    "weight_gradients.std",
    "pre_activation_gradients.variance",
    "saturated",
    "dead",
    "between_samples",
    "distinct_units",
    "moved",
]
"""A quantity of one layer in a probe."""


class _Question(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True,
                tag_field="says"):  # fmt: skip
    """What all questions share."""

    schemes: tuple[str, ...] = ()
    """The contestants that it is about; () means all."""
    look: int = 0
    """Which line of the lesson's "look at" it answers, counted from 1; 0: none."""
    remark: str = ""
    """What has to be known of the figures that stand beside the measured ones."""
    reference: str = ""
    """Where the published figures stand, and what they are of."""

    def asks_of(self, schemes: Iterable[str]) -> list[str]:
        """Return the contestants that it is about, of those that there are."""
        return [scheme for scheme in schemes if not self.schemes or scheme in self.schemes]


class Accuracy(_Question, frozen=True, kw_only=True, tag="accuracy"):
    """The accuracy of each contestant."""

    published: dict[str, float] = {}
    """By contestant, in percent."""


class AtChance(_Question, frozen=True, kw_only=True, tag="at-chance"):
    """Whether contestants do no better than guessing."""

    published: dict[str, Literal["learns", "at chance"]] = {}
    """By contestant, what the source found; what is asked is then whether it was found here."""


class Loss(_Question, frozen=True, kw_only=True, tag="loss"):
    """A loss of each contestant."""

    of: LossOf
    published: dict[str, float] = {}


class Difference(_Question, frozen=True, kw_only=True, tag="difference"):
    """Whether two contestants can be told apart, paired by seed."""

    of: Literal["accuracy", "first-100-loss"]
    between: tuple[str, str]
    published: float | None = None
    """In points for accuracies."""


class SameStart(_Question, frozen=True, kw_only=True, tag="same-start"):
    """Which parameters start bitwise equal under two contestants."""

    between: tuple[str, str]


class BestRange(_Question, frozen=True, kw_only=True, tag="best-range"):
    """Which values of each sweep are best, and which end clearly lower."""


class Learns(_Question, frozen=True, kw_only=True, tag="learns"):
    """Which values of each sweep do better than guessing."""

    by: str = ""
    """A sweep, such as model.activation: how many combinations of the others learn under each of
    its values; "": which values of each sweep of numbers do."""


class BestMoves(_Question, frozen=True, kw_only=True, tag="best-moves"):
    """How the best value of one sweep of numbers moves along another, by the training loss."""

    of: str
    """Whose best is looked for, such as training.lr."""
    along: str
    """Such as model.width."""
    published: dict[str, Literal["moves", "stays"]] = {}
    """By contestant, what the source found."""


class Onset(_Question, frozen=True, kw_only=True, tag="onset"):
    """After how many steps each contestant is first clearly better than guessing."""


class Epochs(_Question, frozen=True, kw_only=True, tag="epochs"):
    """The accuracy of each contestant after the first, the middle and the last epoch."""


class Layers(_Question, frozen=True, kw_only=True, tag="layers"):
    """A quantity of each layer, the mean over the seeds."""

    of: Measurable
    when: When = "before"
    only: str | None = None
    """Pattern of the layers."""
    published: dict[str, tuple[float, ...]] = {}
    """By contestant, one number per layer."""
    ours: dict[str, tuple[float, ...]] = {}
    """The same, measured by inittui itself: the mean over `ours_seeds` seeds."""
    ours_seeds: int = 0
    tolerance: tuple[float, ...] = ()
    """Relative, per layer; the last one holds for those after it."""


class Keeps(_Question, frozen=True, kw_only=True, tag="keeps"):
    """How far a quantity of the layers lies apart, and whose layers are the most alike."""

    of: Measurable


Travelling = Literal["signal", "gradient", "weight-gradient"]
"""The layers' outputs on their way forth; gradients by these, or by weights, on their way back."""

Travels = Literal["grows", "shrinks", "stays"]
"""What becomes of a mean square from one end of the hidden layers to the other."""


class ByDepth(_Question, frozen=True, kw_only=True, tag="by-depth"):
    """What comes of a signal through the hidden layers, or of a gradient back, beside theory."""

    of: Travelling
    published: dict[str, Travels] = {}
    """By contestant, what the source found."""


class TrainableDepth(_Question, frozen=True, kw_only=True, tag="trainable-depth"):
    """Which variance of the weights trains the deepest networks, of a phase diagram over depth."""

    published: Literal["at the edge", "away from it", ""] = ""
    """Where the source found it, beside theory's edge of chaos."""


class Declared(_Question, frozen=True, kw_only=True, tag="declared"):
    """Mean and standard deviation of every parameter beside what its initializer says."""

    only: str | None = None
    """Pattern of the parameters."""


class Written(_Question, frozen=True, kw_only=True, tag="written"):
    """Whether every parameter was written by an initializer."""


class StandsOut(_Question, frozen=True, kw_only=True, tag="stands-out"):
    """What the rules of `inittui check` say of the measured layers."""

    when: When = "before"


class Moments(_Question, frozen=True, kw_only=True, tag="moments"):
    """Mean and standard deviation of drawn values, beside what is expected of so many."""


class Draws(_Question, frozen=True, kw_only=True, tag="draws"):
    """Whether drawn values are as their distribution says of so many."""

    of: Literal["bins", "bounds", "spread", "within", "farthest"]
    """Whether the bins are as high as expected, values outside of the bounds, the standard
    deviation, the shares within one and two of it, the largest |value|."""


Question = (
    Accuracy
    | AtChance
    | Loss
    | Difference
    | SameStart
    | BestRange
    | BestMoves
    | Learns
    | Onset
    | Epochs
    | Layers
    | Keeps
    | ByDepth
    | TrainableDepth
    | Declared
    | Written
    | StandsOut
    | Moments
    | Draws
)


class Answer(msgspec.Struct, frozen=True):
    """What the numbers of a run say to one question."""

    says: str
    """The question's kind."""
    text: str
    """One or two sentences with the figures."""
    holds: bool | None = None
    """Whether what is asked, or what was published, was found; None where that isn't a matter of
    yes or no."""
    measured: Mapping[str, tuple[Number | None, ...]] = {}
    """The figures by contestant, or by what the text names."""
    published: Mapping[str, tuple[float, ...]] = {}
    """Figures of the source, as `reference` says."""
    reference: str = ""
    ours: Mapping[str, tuple[float, ...]] = {}
    """Figures that inittui measured before."""
    look: int = 0
    """Which line of the lesson's "look at" it answers, counted from 1; 0: none."""
    measured_at: str = ""
    """The size that it was measured at: seeds, steps, images."""
    verdicts: Mapping[str, str] = {}
    """What was found of each contestant, value or pair; `CANT_TELL` where the size is too small."""
