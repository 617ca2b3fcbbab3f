"""What is seen of a model's initialization: how it was built, its values, and one pass through it.

Numbers and texts only, so that rules judge them without torch.
"""

from __future__ import annotations

import math
from typing import Literal

import msgspec

from inittui.events.wire_numbers import Number, from_wire

Draw = Literal["random", "constant", "copied", "computed", "unwritten"]
"""What a write puts there: drawn by chance, fixed numbers, another tensor's values, what an
operation makes of other values, or nothing: memory as it was found."""


class WriterFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One write to a tensor while its model was built."""

    operation: str
    """The function of ``torch.nn.init``, else the operator: kaiming_normal_, copy_."""
    arguments: str = ""
    """As the call has them: mode=fan_out, nonlinearity=relu."""
    where: str = ""
    """``file:line`` of the first code outside of torch; empty where that isn't known."""
    by: str = ""
    """The function whose line that is."""
    is_own: bool = False
    """Whether that is the person's own file, not an installed package's."""
    is_direct: bool = False
    """Whether that code named the values, rather than made or reset one of torch's layers."""
    draw: Draw = "computed"
    is_whole: bool = True
    """Whether all of the tensor was written."""
    is_loading: bool = False
    """Whether it happened in ``load_state_dict``."""
    numbers: dict[str, float] = {}
    """Arguments that are numbers, defaults included; "fan_in" and "fan_out" are those of the shape
    that the function was given."""
    words: dict[str, str] = {}
    """Arguments that are words: mode, nonlinearity."""


class TensorFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A parameter or a buffer after the model was built."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    count: int
    kind: Literal["parameter", "buffer"] = "parameter"
    requires_grad: bool = True
    is_meta: bool = False
    not_finite: int = 0
    nan: int = 0
    unwritten: int = 0
    """Values that nothing ever wrote."""
    mean: Number = "NaN"
    std: Number = "NaN"
    kurtosis: Number = "NaN"
    """Fourth central moment by the squared variance, of some of the values."""
    min: Number = "NaN"
    max: Number = "NaN"
    least: Number = "NaN"
    """The smallest size that isn't 0."""
    too_small: float = 0.0
    """Share of the values but 0 that the type keeps with fewer digits, or not at all."""
    outliers: Number = "NaN"
    """The largest size by that which 99 % don't exceed."""
    far: float = 0.0
    """Share of the values beyond six times that."""
    is_drawn: bool = False
    """Whether the values look drawn by chance."""
    checksum: tuple[Number, Number] = ("NaN", "NaN")
    """Sum, and sum weighted by place, of the first 65,536 values."""
    of: str = ""
    """Class of the module that holds it."""
    has_reset: bool = True
    """Whether that module, or who holds it where it is a list or a dict of parameters, has
    ``reset_parameters``."""
    history: tuple[WriterFacts, ...] = ()
    """Writes while the model was built, the last one last; of many the last few."""
    negative: float = 0.0
    """Share of values below 0."""
    padding_row: Number | None = None
    """Size of the largest value of an embedding's padding row; null where it has none."""

    @property
    def writer(self) -> WriterFacts | None:
        """Who wrote it last; None where nobody was seen."""
        return self.history[-1] if self.history else None

    @property
    def sigma(self) -> float:
        return from_wire(self.std)

    @property
    def largest(self) -> float:
        return max(abs(from_wire(self.min)), abs(from_wire(self.max)))

    @property
    def is_zero(self) -> bool:
        return from_wire(self.min) == from_wire(self.max) == 0

    @property
    def is_matrix(self) -> bool:
        """Whether it joins units; a vector, in whatever shape, may be a norm's."""
        return sum(size > 1 for size in self.shape) > 1


class UseFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One product with a parameter in a forward pass, in the order in which they run."""

    parameter: str
    operation: Literal["linear", "convolution", "transposed convolution", "batched", "recurrent"]
    fan_in: int
    """Terms that are summed for each output."""
    fan_out: int
    """Outputs that each input goes into."""
    units: int = 0
    order: int = 0
    behind: tuple[str, ...] = ()
    """What meets its outputs first: norm, gate, softmax, addition, product, relu, …, output."""
    is_last: bool = False
    """Whether no other product comes behind it."""
    is_in_gate: bool = False
    """Whether all that comes of it only multiplies something else."""
    before: tuple[int, ...] = ()
    """Orders of the products whose outputs come to it."""
    input_power: Number = "NaN"
    """Mean square."""
    input_between: Number = "NaN"
    """Mean over positions of the variance over the batch; with gates opened."""
    input_share: Number = "NaN"
    """Of its input's mean square that is variance between samples; with gates opened."""
    output_power: Number = "NaN"
    output_share: Number = "NaN"
    """Of its mean square that is variance between samples; with gates opened."""
    not_finite: int = 0
    """Of its outputs."""

    @property
    def is_trunk(self) -> bool:
        """Whether nothing behind it makes the size of its outputs harmless."""
        harmless = {"norm", "gate", "softmax", "addition", "unknown"}
        return not (harmless & {*self.behind} or self.is_in_gate or self.is_last)


class UnitFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The units of one parameter that is used in products."""

    parameter: str
    units: int
    distinct: int
    """Units that differ in a weight."""
    stuck: int = 0
    """Units that equal another one and get the same gradient, also after zeros have moved."""
    repeats: int = 1
    """How often a block of different units is repeated."""
    alignment: Number = "NaN"
    """Mean |cosine| of two units."""


class NonlinearityFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One nonlinearity in the pass."""

    kind: str
    behind: tuple[str, ...]
    """Parameters of the products whose outputs it got."""
    dead: float | None = None
    """Share of units that are flat for the whole batch; null for what can't be."""
    saturated: float | None = None
    """Share of values at the ends; null for what has none."""
    is_in_gate: bool = False


class AdditionFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One link of a chain of additions: each adds to what the last one gave."""

    link: int
    power: Number


class GateFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Sum of both forget gates' biases of one layer and direction of an LSTM."""

    name: str
    low: Number
    high: Number


class DrownedFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What was added to an activation, the same for all samples, and is much larger."""

    name: str
    """Of the parameter or buffer."""
    fold: Number
    """Its mean square by that of the activation."""
    share: Number
    """Of the sum's mean square that is variance between samples."""


class PassFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One forward and one backward pass as a whole."""

    samples: int
    input_power: Number = "NaN"
    input_mean: Number = "NaN"
    input_is_given: bool = False
    """Whether the person gave the values, rather than a shape."""
    is_ids: bool = False
    output_share: Number = "NaN"
    """Of the outputs' mean square that is variance between samples, with gates opened."""
    output_power: Number = "NaN"
    classes: int = 0
    """Of outputs that are logits: straight from a product; 0 for others."""
    logit_std: Number = "NaN"
    confidence: Number = "NaN"
    """Mean of logsumexp less the mean logit."""
    head: str = ""
    """What gives the outputs, where that squashes logits: softmax, sigmoid, …"""
    gradient_first: Number = "NaN"
    """Norm of the loss's gradient by the input, or embeddings, times the norm of these."""
    gradient_last: Number = "NaN"
    """The same of the last product's weights."""
    not_finite: str = ""
    """The first product, by its parameter, or operation, whose outputs weren't finite."""
    gradient_not_finite: str = ""
    """The last parameter whose gradient wasn't finite."""
    gates: tuple[str, ...] = ()
    """Factors that let next to nothing through, all alike."""
    zeros_in_way: tuple[str, ...] = ()
    """Weights, all 0, that keep the outputs constant."""
    drowned: tuple[DrownedFacts, ...] = ()
    has_dropout: bool = False
    """Whether training has dropout, which tells equal units apart; looked at where units are
    stuck."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """All that was seen of one model."""

    model: str = ""
    """Its class."""
    parameters: int = 0
    """Values in all of them."""
    tensors: tuple[TensorFacts, ...] = ()
    uses: tuple[UseFacts, ...] = ()
    units: tuple[UnitFacts, ...] = ()
    nonlinearities: tuple[NonlinearityFacts, ...] = ()
    additions: tuple[AdditionFacts, ...] = ()
    """Of the longest chain."""
    forget_gates: tuple[GateFacts, ...] = ()
    passed: PassFacts | None = None
    """None where no forward pass could be run."""
    inputs: tuple[str, ...] = ()
    inputs_from: str = ""
    """How they were found: given, made beside the model, usual for it, or guessed by its first
    layer."""
    is_recorded: bool = False
    """Whether the model was built under the recorder."""
    matrices: int = 0
    traced: int = 0
    """Matrices whose products were seen."""
    derived: int = 0
    """Matrices that are used through a computation, as of a weight's norm."""
    never: tuple[str, ...] = ()
    """Matrices that take part and get no gradient, also after zeros have moved."""
    cut: tuple[str, ...] = ()
    """Matrices that take part, and that no gradient is on its way to."""
    aside: tuple[str, ...] = ()
    """Of these, those of products from which nothing comes to the outputs."""
    woken: tuple[str, ...] = ()
    """Matrices that get a gradient only after zeros have moved."""
    unused: tuple[str, ...] = ()
    """Parameters that took no part."""
    clones: tuple[tuple[str, ...], ...] = ()
    """Parameters with the same values, drawn by chance, that are not one tensor."""
    repeated: dict[str, int] = {}
    """How often a stack of matrices holds the same one, drawn by chance, and no other."""
    streams: tuple[tuple[str, ...], ...] = ()
    """Parameters whose values are in proportion, so that one stream was drawn for all."""
    shared_modules: tuple[tuple[str, ...], ...] = ()
    """Places of a list of modules that hold one module."""
    idle_initializers: tuple[WriterFacts, ...] = ()
    """Calls that are named for, or meant to, initialize, and wrote nothing."""
    other_each_time: tuple[str, ...] = ()
    """Tensors that two builds with one seed give different values."""
    same_each_seed: tuple[str, ...] = ()
    """Tensors drawn by chance that builds with two seeds give the same values."""
    drawn: int = 0
    """Tensors that are drawn by chance."""
    norms: tuple[str, ...] = ()
    """Parameters that scale what a norm gives."""
    used_statistics: tuple[str, ...] = ()
    """Norms that have seen batches."""
    foreign: tuple[str, ...] = ()
    """What products take that was drawn by chance and is in no parameter or buffer."""
    skipped: tuple[str, ...] = ()
    """What couldn't be looked at, and why."""
    failure: str = ""
    """Why no forward pass could be run; empty where one was."""

    def tensor(self, name: str) -> TensorFacts | None:
        """Return the tensor of a name."""
        return next((each for each in self.tensors if each.name == name), None)


def is_known(*values: float) -> bool:
    """Return whether numbers were measured and are finite."""
    return all(map(math.isfinite, values))
