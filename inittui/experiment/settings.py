"""The one table of settings, and what is made of it: a command line that repeats an experiment.

The options of the command line, the form of the UI, sweeps and the README read this table. A new
setting is a field of the experiment, with its bounds, and a row here.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from inittui.errors import UsageError
from inittui.experiment import setting_texts as texts
from inittui.experiment.models import MODELS, usual_schemes
from inittui.experiment.records import (
    ACTIVATIONS,
    DTYPES,
    EVALUATED,
    OPTIMIZERS,
    Experiment,
    names_contestants,
)
from inittui.experiment.run_names import check_run_name

MODEL, DATA, TRAINING, INSPECTION, REPORT, RUN = (
    "Model", "Data", "Training", "Inspection", "Report", "Run",
)  # fmt: skip
"""Panels of the command line's help."""

_YES_OR_NO = (texts.YES, texts.NO)
_COMPARE, _INSPECT, _BOTH = ("compare",), ("inspect",), ("compare", "inspect")


@dataclass(frozen=True, slots=True)
class Setting:
    path: str
    """Where it is in the experiment, as in its file: training.epochs."""
    label: str
    help: str
    read: Callable[[str], Any]
    """Returns the value of a text that isn't empty; raises `UsageError`."""
    options: tuple[str, ...] = ()
    """Of the command line; empty where it is none."""
    metavar: str = "NAME"
    """What stands for its value in the help; empty for a switch."""
    write: Callable[[Any], str] = texts.written
    """Returns a text that `read` reads; empty where the setting is unset."""
    panel: str = ""
    commands: tuple[str, ...] = _BOTH
    """Those that have its options."""
    choices: tuple[str, ...] = ()
    """Words that can be completed."""
    placeholder: str = ""
    """What an empty text means, where the default has none."""
    check_typed: Callable[[str], object] | None = None
    """Raises `UsageError` for what an old file may say, and nobody may give any more."""
    is_list: bool = False
    """Whether its text is words, and its option given once for each."""
    swept: bool = False
    """Whether it can differ within a run, whose trials take the same steps over the same data."""
    in_form: bool = True
    rare: bool = False
    """Whether the form shows it below the others."""
    fields: tuple[str, ...] = ()
    """The fields that it sets, where these aren't the one at its path."""
    part: Callable[[Any], Any] | None = None
    """Returns its value, where that is only a part of what the field holds."""
    with_part: Callable[[Any, Any], Any] | None = None
    """Returns what the field holds once that part is set."""

    @property
    def default(self) -> str:
        return self.placeholder or self.write(self.of(Experiment()))

    def of(self, experiment: Experiment) -> Any:
        value = attrgetter(*(self.fields or (self.path,)))(experiment)
        return value if self.part is None else self.part(value)

    def put(self, experiment: Experiment, value: Any) -> Experiment:
        if self.with_part is not None:
            value = self.with_part(attrgetter(self.fields[0])(experiment), value)
        fields = self.fields or (self.path,)
        for field, each in zip(fields, value if len(fields) > 1 else (value,), strict=True):
            section, _, key = field.rpartition(".")
            changed = {key: each}
            if section:
                changed = {section: replace(getattr(experiment, section), **changed)}
            experiment = replace(experiment, **changed)
        return experiment

    def read_typed(self, typed: str | Sequence[str]) -> Any:
        """Return the value of what was typed after its option; a list: as often as it was given.

        Raises:
            UsageError: it is none, with the option's name.
        """
        text = typed if isinstance(typed, str) else shlex.join(typed)
        try:
            if self.check_typed:
                self.check_typed(text)
            return self.read(text)
        except UsageError as error:
            raise UsageError(f"{self.options[0]}: {error}") from None

    def words(self, text: str) -> list[str] | None:
        """Return the words of a command line that set it to a text; None where it has none."""
        if self.is_list:
            option = self.options[:1]
            return [word for each in texts.words(text) for word in (*option, each)]
        if self.metavar:
            return [self.options[0], text] if self.options else None
        switches = dict(zip(_YES_OR_NO, self.options[0].split("/"), strict=False))
        return [switches[text]] if text in switches else None


def _with_count(seeds: tuple[int, ...], count: int) -> tuple[int, ...]:
    first = _first(seeds)
    return seeds if len(seeds) == count else tuple(range(first, first + count))


def _with_first(seeds: tuple[int, ...], first: int) -> tuple[int, ...]:
    return seeds if seeds[:1] == (first,) else tuple(range(first, first + max(len(seeds), 1)))


def _first(seeds: tuple[int, ...]) -> int:
    return seeds[0] if seeds else 0


_contestants = partial(Setting, read=texts.words, write=texts.words_written, is_list=True)
_model = partial(
    Setting, panel=MODEL, commands=(*_BOTH, "model", "check"), placeholder="the model's"
)
_data = partial(Setting, panel=DATA)
_training = partial(Setting, panel=TRAINING)
_inspection = partial(Setting, panel=INSPECTION, rare=True)

SETTINGS: tuple[Setting, ...] = (
    _contestants("schemes", "schemes", "The initializers that are compared.", in_form=False),
    _contestants(
        "sweeps", "sweeps", "LOW..HIGH:COUNT[:log|lin] or 'a|b|c' of a parameter "
        "(normal:std=1e-4..1:9) or a setting (model.depth=2..8:4); several sweeps multiply.",
        options=("--sweep",), metavar="WHAT=VALUES", placeholder="none", rare=True,
    ),
    Setting(
        "layers", "layers", "Other initializers for the layers whose name or kind matches, such "
        "as 'fc*=he_uniform/ones'; may be repeated, later ones win.",
        texts.layers, ("--layer",), "PATTERN=SCHEME", texts.layers_written, MODEL,
        placeholder="none", is_list=True, rare=True,
    ),
    _model(
        "model.name", "model", "Model by name, see 'inittui models'; torchvision:NAME; or your "
        "own, FILE.py:NAME or MODULE:NAME.",
        texts.word, ("--model", "-m"), commands=_BOTH, choices=tuple(MODELS), placeholder="",
        swept=True,
    ),
    _model(
        "model.hidden", "hidden", "Units of the hidden layers.", texts.sizes, ("--hidden",),
        "N,N,…", swept=True,
    ),
    _model(
        "model.activation", "activation", f"After each hidden layer: {', '.join(ACTIVATIONS)}.",
        texts.one_of("activation", ACTIVATIONS), ("--activation", "-a"), choices=ACTIVATIONS,
        swept=True,
    ),
    _model(
        "model.dropout", "dropout", "Probability of dropping a hidden unit.", texts.decimal,
        ("--dropout",), "P", swept=True,
    ),
    _model(
        "model.depth", "depth", "Number of hidden layers.", texts.whole, ("--depth",), "N",
        swept=True,
    ),
    _model(
        "model.width", "width", "Units of every hidden layer.", texts.whole, ("--layer-width",),
        "N", swept=True,
    ),
    _model(
        "model.batch_norm", "batch norm", "Normalise each hidden layer over the batch.",
        texts.yes_or_no, ("--batch-norm/--no-batch-norm",), "", choices=_YES_OR_NO, swept=True,
    ),
    _model(
        "model.arguments", "model args", "An argument for your own model, or torchvision's; may be "
        "repeated.",
        texts.arguments, ("--model-arg",), "KEY=VALUE", texts.arguments_written, is_list=True,
        placeholder="none", rare=True,
    ),
    _model(
        "model.input", "input", "An input, once for each: 1x32x32, 16x64 (time x features), "
        "ids:128:50257 (token ids), pos:784; NAME=784 by name.",
        texts.inputs, ("--input",), "SHAPE", texts.inputs_written, is_list=True,
        placeholder="none", rare=True,
    ),
    _model(
        "model.output", "output", "The part that is the logits, of a model that gives a dict, a "
        "tuple or an object: logits, 0, out.head.",
        texts.word, ("--output",), placeholder="none", rare=True, commands=(*_BOTH, "model"),
    ),
    _data(
        "data.name", "data", "Data set; see 'inittui data'.", texts.word, ("--data", "-d"),
        commands=(*_BOTH, "model"),
    ),
    _data(
        "data.limit", "limit", "Use N training images, drawn by seed before the split.",
        texts.whole, ("--limit", "-n"), "N", placeholder="all",
    ),
    _data(
        "data.validation", "validation", "Part kept for validation: a share, or a number of "
        "images.", texts.decimal, ("--validation",), "SHARE|N",
    ),
    _data(
        "data.normalize", "normalize", "Subtract MEAN from the pixels, which are in [0, 1], and "
        "divide by STD.",
        texts.pair, ("--normalize",), "MEAN,STD", rare=True, fields=("data.mean", "data.std"),
    ),
    _data(
        "data.split", "split", "Split as torch.utils.data.random_split does under SEED, whatever "
        "the trial's seed.",
        texts.word, ("--split",), "torch:SEED", placeholder="by seed", rare=True,
    ),
    _data(
        "data.evaluate_on", "evaluate on", "Images that accuracy is measured on: the validation "
        "part, or the set's test images.",
        texts.one_of("part to evaluate on", EVALUATED), ("--evaluate-on",), "validation|test",
        choices=EVALUATED, rare=True,
    ),
    _training(
        "training.epochs", "epochs", "Times that every image is seen.", texts.whole,
        ("--epochs", "-e"), "N",
    ),
    _training(
        "training.batch_size", "batch size", "Images per step.", texts.whole,
        ("--batch-size", "-b"), "N",
    ),
    _training(
        "training.optimizer", "optimizer", f"{', '.join(OPTIMIZERS)}.",
        texts.one_of("optimizer", OPTIMIZERS), ("--optimizer", "-o"), choices=OPTIMIZERS,
        swept=True,
    ),
    _training(
        "training.lr", "lr", "Learning rate.", texts.decimal, ("--lr",), "RATE", swept=True,
    ),
    _training(
        "training.eval_every", "eval every", "Measure accuracy after every N steps too, and draw "
        "its curve.",
        texts.whole, ("--eval-every",), "N", commands=_COMPARE, placeholder="each epoch",
        rare=True,
    ),
    _training(
        "training.device", "device", "auto, cpu, cuda, cuda:N or mps.", texts.word, ("--device",),
        choices=("auto", "cpu", "cuda", "mps"),
    ),
    _training(
        "training.devices", "devices", "Share the work among processes, one on each GPU of "
        "cuda:0,cuda:1 or all, or cpu:N for N on the CPU.",
        texts.word, ("--devices",), "all|cuda:N,…|cpu:N", commands=_COMPARE, choices=("all",),
        placeholder="one", rare=True,
    ),
    _training(
        "training.on", "on", "Where these processes are: local, or ray[:HOST:PORT] for the nodes "
        "of a Ray cluster, one on each GPU or core.",
        texts.word, ("--on",), "local|ray", commands=_COMPARE, choices=("local", "ray"), rare=True,
    ),
    _training(
        "training.dtype", "dtype", f"{' or '.join(DTYPES)}.", texts.one_of("dtype", DTYPES),
        ("--dtype",), choices=DTYPES, rare=True,
    ),
    _training(
        "training.stack", "stack", "Train all trials at once, one by one, or at most N at once.",
        texts.stack, ("--stack",), "auto|off|N", choices=("auto", "off"), rare=True,
    ),
    _training(
        "seeds", "seeds", "Repeat everything with N seeds.", texts.count_of_seeds,
        ("--seeds", "-s"), "N", fields=("seeds",), part=len, with_part=_with_count,
    ),
    _training(
        "seed", "first seed", "The first seed.", texts.whole, ("--seed",), "N",
        fields=("seeds",), part=_first, with_part=_with_first,
    ),
    _inspection(
        "inspection", "inspect", "Measure every layer before and after the training; see 'inittui "
        "inspect'.",
        texts.moments, ("--inspect",), "", texts.moments_written, commands=_COMPARE,
        choices=texts.MOMENTS, placeholder=texts.NO, rare=False,
        fields=("inspection.before", "inspection.after"),
    ),
    _inspection(
        "inspection.every", "inspect each", "Measure after every N steps too, or after each epoch.",
        texts.steps_or_epoch,
        ("--inspect-every",), "N|epoch", commands=_COMPARE, placeholder="not in between",
    ),
    _inspection(
        "inspection.images", "images", "Measure over the first N training images of the seed.",
        texts.whole, ("--images",), "N",
    ),
    _inspection(
        "inspection.percentile", "percentile", "Histograms go from the percentile 100 - P to P; "
        "100 has all values.",
        texts.decimal, ("--percentile",), "P", commands=_INSPECT,
    ),
    _inspection(
        "inspection.gradient_percentile", "grad percent",
        "Histograms of gradients leave out those above the percentile P of their size.",
        texts.decimal, ("--gradient-percentile",), "P", commands=_INSPECT,
        placeholder="percentile's",
    ),
    Setting(
        "name", "name", "A name for the run.", texts.word, ("--name",), panel=RUN,
        commands=_COMPARE, placeholder="none", check_typed=check_run_name,
    ),
)  # fmt: skip

BY_PATH: Mapping[str, Setting] = {setting.path: setting for setting in SETTINGS}


def option_names(given: Iterable[str]) -> dict[str, str]:
    """Return the options of what was given, by the field that each sets."""
    fields = {(each.fields or (each.path,)): each for each in map(BY_PATH.__getitem__, given)}
    return {
        names[0]: each.options[0]
        for names, each in fields.items()
        if each.options and len(names) == 1
    }


def with_options(
    base: Experiment, given: Mapping[str, Any], *, from_file: bool = False
) -> Experiment:
    """Return an experiment with what a command line gives, by the settings' paths.

    Layer rules and sweeps are added to those of a file; seeds begin anew.
    """
    given = dict(given)
    layers, sweeps = given.pop("layers", {}), given.pop("sweeps", ())
    if not from_file and names_contestants(layers, sweeps):
        given.setdefault("schemes", ())
    if "seeds" in given or "seed" in given:
        base = replace(base, seeds=(0,))
    if "inspection.every" in given:
        given.setdefault("inspection", (True, True))
    for path, value in given.items():
        base = BY_PATH[path].put(base, value)
    kept = {pattern: rule for pattern, rule in base.layers.items() if pattern not in layers}
    return replace(base, layers=kept | layers, sweeps=(*base.sweeps, *sweeps))


def with_usual_schemes(given: Mapping[str, Any], *, one: bool = False) -> Mapping[str, Any]:
    """Return what a command line gives, with what is compared where it names a model only."""
    model = given.get("model.name")
    names = names_contestants(given.get("layers", {}), given.get("sweeps", ()))
    if names or "schemes" in given or not isinstance(model, str):
        return given
    return {**given, "schemes": usual_schemes(model, one=one)}


def repeat_command(experiment: Experiment, file: Path | None) -> str:
    """Return the shortest command line that runs an experiment again.

    Where the options can't say it all, the experiment is taken from the run's file.
    """
    usual = Experiment(schemes=usual_schemes(experiment.model.name))
    if names_contestants(experiment.layers, experiment.sweeps):
        usual = replace(usual, schemes=())
    words: list[str] = []
    given: dict[str, Any] = {}
    for setting in SETTINGS:
        value = setting.of(experiment)
        if value == setting.of(usual):
            continue
        text = setting.write(value)
        spelled = setting.words(text) if "compare" in setting.commands else None
        if spelled is not None:
            words += spelled
            given[setting.path] = _read_again(setting, text)
    if file is not None and with_options(Experiment(), with_usual_schemes(given)) != experiment:
        words = ["--config", str(file)]
    return shlex.join(["inittui", "compare", *words])


def _read_again(setting: Setting, text: str) -> Any:
    """Return what the command line would make of a text; None where it would refuse it."""
    try:
        return setting.read(text)
    except UsageError:
        return None
