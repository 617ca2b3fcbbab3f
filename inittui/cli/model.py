"""`inittui model`: which models there are, and what layers one of them has."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from inittui.cli import settings_options as opt
from inittui.cli import shared_options as shared
from inittui.cli.completion import complete_model, complete_scheme
from inittui.cli.console import console_for
from inittui.cli.output import frame_for
from inittui.experiment.inputs import Input, plain_shape
from inittui.experiment.models import MODELS, TORCHVISION, TORCHVISION_INPUT
from inittui.experiment.records import Experiment, ModelConfig
from inittui.experiment.settings import option_names, with_options

if TYPE_CHECKING:
    import torch
    from torch import nn

    from inittui.initializers.apply import Written
    from inittui.views.model import ModelSummary


@opt.with_settings("model")
def model(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="MODEL",
            help="A model by name, torchvision:NAME, or your own, FILE.py:NAME. None: list them.",
            autocompletion=complete_model,
        ),
    ] = None,
    *,
    settings: opt.Given,
    scheme: Annotated[
        str | None,
        typer.Option(
            "--scheme",
            metavar="SCHEME",
            help="Also say what initializes each weight and bias, with which arguments.",
            autocompletion=complete_scheme,
        ),
    ] = None,
    as_json: shared.AsJson = False,
    width: shared.Width = None,
) -> None:
    """List the models, or show the layers of one: sizes, fans, and what follows each."""
    console = console_for(sys.stdout, width)
    frame = frame_for(console.width)
    if name is None:
        if as_json:
            typer.echo(_list_document())
            return
        from inittui.views.model import models_list

        console.print(models_list(frame))
        return
    experiment = with_options(Experiment(), {**settings, "model.name": name})
    experiment.check(option_names(settings))
    summary = _summarize(experiment.model, settings.get("data.name"), scheme)
    if as_json:
        typer.echo(_document(summary))
        return
    from inittui.views.model import model_report

    console.print(model_report(summary, frame))


def _summarize(config: ModelConfig, data: str | None, scheme: str | None) -> ModelSummary:
    """Build a model and run it once; let ``scheme`` write its start values.

    Raises:
        UsageError: there is no such model, scheme or data set, or the model or a function fails.
    """
    from inittui.experiment.data_sets import describe
    from inittui.views.model import ModelSummary

    described = describe("fashion-mnist" if data is None else data)
    shape = _own_shape(config.name if data is None else "") or described.shape
    inputs = config.inputs or (Input(shape),)

    import torch

    from inittui.experiment.models import has_own_start
    from inittui.models.build import build, given_text
    from inittui.models.calling import needs_packing, pack
    from inittui.models.inputs import draw_inputs
    from inittui.models.summary import describe_layers
    from inittui.user_code import seeded, theirs

    is_packed = needs_packing(inputs)
    example = pack(draw_inputs(inputs, 1, 0)) if is_packed else torch.rand(1, *inputs[0].shape)
    model = build(config, tuple(example.shape[1:]), len(described.classes))
    given = f"{given_text(config, example)}; --input gives it others"
    with seeded(0), theirs(config.name, given):
        rows = describe_layers(model, example)
    if scheme is None:
        return ModelSummary(config.name, inputs, rows)
    chosen, written = _written(model, example, scheme, has_own_start(config.name))
    return ModelSummary(config.name, inputs, rows, chosen, written)


def _written(
    model: nn.Module, example: torch.Tensor, text: str, as_built: bool
) -> tuple[str, tuple[Written, ...]]:
    """Return the scheme's shortest text, and who writes which parameter under it."""
    from inittui.initializers import own, parse_scheme
    from inittui.initializers.apply import apply_scheme
    from inittui.models.tracing import followers

    scheme = parse_scheme(text)
    for reference in own.references(scheme):
        own.load(reference)
    return str(scheme), apply_scheme(model, scheme, 0, followers(model, example), as_built=as_built)


def _own_shape(name: str) -> tuple[int, ...] | None:
    if name.startswith(TORCHVISION):
        return TORCHVISION_INPUT
    return MODELS[name].input if name in MODELS else None


def _list_document() -> str:
    from inittui.documents.reference import ModelsDocument, reference_document

    found = {
        "models": [
            {
                "name": each.name,
                "title": each.title,
                "layers": each.layers,
                "options": dict(each.defaults),
                "input": each.input,
                "source": each.source,
            }
            for each in MODELS.values()
        ],
    }
    return reference_document(ModelsDocument, found)


def _document(summary: ModelSummary) -> str:
    from inittui.documents.reference import ModelDocument, reference_document

    facts = ("name", "kind", "output", "parameters", "fan_in", "fan_out", "nonlinearity")
    found = {
        "model": summary.name,
        "input": _shape(summary.inputs),
        "parameters": summary.parameters,
        "scheme": summary.scheme or None,
        "layers": [
            {fact: getattr(row, fact) for fact in facts}
            | ({"initializers": _initializers(summary, row.name)} if summary.scheme else {})
            for row in summary.rows
        ],
    }
    return reference_document(ModelDocument, found)


def _shape(inputs: tuple[Input, ...]) -> tuple[int, ...] | list[str]:
    """Return the sizes of an input, or the texts of several or of what isn't its shape alone."""
    texts = [*map(str, inputs)]
    is_shape = texts == [plain_shape(inputs[0].shape)]
    return inputs[0].shape if is_shape else texts


def _initializers(summary: ModelSummary, layer: str) -> dict[str, Any]:
    """Return what writes each parameter of a layer, with the value of every argument.

    An argument that is worked out for each layer is given as the text of its default.
    """
    from inittui.errors import UsageError
    from inittui.initializers import find, own, parse_scheme

    found: dict[str, Any] = {}
    for each in summary.written:
        if each.layer != layer:
            continue
        name, arguments = each.initializer, None
        try:
            call = parse_scheme(each.initializer or "").weights
            arguments = dict(call.parameters)
            if not own.is_own(call):
                description = find(call.name)
                defaults = {p.name: p.shown_default for p in description.parameters}
                given = description.settings(arguments)
                arguments = {key: defaults[key] if v is None else v for key, v in given.items()}
            name = call.name
        except UsageError:  # a module's own default, or nobody
            pass
        role = each.parameter.rpartition(".")[2]
        found[role] = {"initializer": name, "arguments": arguments}
    return found
