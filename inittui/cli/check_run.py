"""A check as the command line runs it: the model built and looked at, the rest in plain records."""

from __future__ import annotations

import dataclasses
import fnmatch
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from msgspec.structs import replace

from inittui.cli.guarded import guarded
from inittui.errors import UsageError
from inittui.events.facts import Facts, PassFacts, WriterFacts
from inittui.events.wire_numbers import Number
from inittui.experiment.records import ModelConfig
from inittui.results.rules.finding import Finding
from inittui.text import sanitize
from inittui.user_code import seeded, theirs

if TYPE_CHECKING:
    import torch
    from torch import nn

    from inittui.documents.check import CheckDocument, Origin, Preview
    from inittui.events.checkpoints import CheckpointFacts
    from inittui.events.lock import Lock
    from inittui.models.factory import Factory
    from inittui.results.fixing import Proposal

    Given = str | Sequence[str] | Mapping[str, torch.Tensor] | torch.Tensor | None


_OF_THE_COMMAND = {Path(typer.__file__).parent, Path(__file__).parent}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked at."""

    model: ModelConfig
    batch: Path | None = None
    against: Path | None = None
    once: bool = False
    seconds: float = 600.0
    who: tuple[str, ...] = ()
    """Patterns of the parameters whose origin is told."""
    locked: bool = False
    """Whether a lock of its tensors is wanted."""
    fix: bool = False
    """Whether other values are tried on a copy."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What was seen, in plain records."""

    facts: Facts
    factory: Factory
    origins: tuple[Origin, ...] = ()
    lock: Lock | None = None
    checkpoint: CheckpointFacts | None = None
    proposal: Proposal | None = None
    refilled: Facts | None = None
    """What was seen of a copy with the proposed values."""


def look(wanted: Wanted) -> Looked:
    """Build the model and look at it; somebody's code runs within limits.

    Raises:
        UsageError: it can't be built or has no such parameters, or a file is no checkpoint.
    """
    with guarded(wanted.model.name, wanted.seconds):
        from inittui.inspection.examine import examine
        from inittui.models.factory import factory_of
        from inittui.training.memory import give_back_freed_memory

        give_back_freed_memory()
        factory = factory_of(wanted.model)
        keeper = _Keeper(factory)
        inputs, how = _inputs(wanted, factory)
        facts = examine(keeper, inputs, once=wanted.once)
        if how and facts.inputs_from:
            facts = replace(facts, inputs_from=how)
        model = keeper.kept
        assert model is not None
        looked = Looked(
            facts,
            factory,
            _origins(model, facts, wanted.who),
            _lock(model, facts, wanted.model.name) if wanted.locked else None,
            _compared(model, wanted.against),
        )
        return _with_proposal(looked, model, inputs) if wanted.fix else looked


def _with_proposal(looked: Looked, model: nn.Module, inputs: Given) -> Looked:
    """Try other start values on a copy of the model.

    Raises:
        UsageError: it couldn't be run, so that there is nothing to go by.
    """
    from inittui.inspection.examine import examine
    from inittui.inspection.refilled import refilled
    from inittui.results.fixing import propose

    facts = looked.facts
    if facts.passed is None:
        raise UsageError(f"--fix goes by a forward pass, and none could be run: {facts.failure}")
    proposal = propose(facts)
    copied = refilled(model, proposal.stds, proposal.ones, proposal.zeros)
    return dataclasses.replace(looked, proposal=proposal, refilled=examine(copied, inputs))


def preview_of(
    looked: Looked, before: Sequence[Finding], after: Sequence[Finding]
) -> Preview | None:
    """Return what --fix shows: ``before`` and ``after`` are the findings without and with it."""
    from inittui.documents.check import Preview
    from inittui.results.fixing import of_values

    proposal, refilled = looked.proposal, looked.refilled
    if proposal is None or refilled is None:
        return None
    stds = {tensor.name: tensor.std for tensor in looked.facts.tensors}
    values = of_values(before)
    return Preview(
        stds={name: (stds[name], std) for name, std in proposal.stds.items()},
        ones=proposal.ones,
        zeros=proposal.zeros,
        kept=proposal.kept,
        findings=of_values(after),
        measured={} if refilled.passed is None else _measured(refilled.passed),
        by_code=tuple(each for each in before if each not in values),
        remarks=proposal.remarks,
    )


def _inputs(wanted: Wanted, factory: Factory) -> tuple[Given, str]:
    """Return the inputs: tensors of a file, texts, or what the model is for; and how they came.

    No words on that where they are given, or have to be guessed.

    Raises:
        UsageError: the file holds no tensors.
    """
    if wanted.batch is not None:
        from inittui.inspection.checkpoints import read_batch

        return read_batch(wanted.batch), ""
    if wanted.model.input:
        return tuple(map(str, wanted.model.input)), ""
    if factory.inputs is not None:
        with seeded(0), theirs(factory.name):
            made: Given = factory.inputs(factory.build())
        return made, "made beside the model"
    return (factory.input, "usual for it") if factory.input else (None, "")


@dataclass(slots=True)
class _Keeper:
    """Calls a factory, and keeps the first model that it gave."""

    factory: Factory
    kept: nn.Module | None = field(default=None)

    def __call__(self) -> nn.Module:
        model = self.factory.build()
        if self.kept is None:
            self.kept = model
        return model


def _fans(facts: Facts) -> dict[str, tuple[int, int]]:
    """Return the fans of the operations that parameters are used in, where they are used once."""
    found: dict[str, set[tuple[int, int]]] = {}
    for use in facts.uses:
        found.setdefault(use.parameter, set()).add((use.fan_in, use.fan_out))
    return {name: next(iter(fans)) for name, fans in found.items() if len(fans) == 1}


def _origins(model: nn.Module, facts: Facts, who: Sequence[str]) -> tuple[Origin, ...]:
    """Return who wrote the parameters that patterns name, and what they look like.

    Raises:
        UsageError: a pattern matches none.
    """
    from inittui.documents.check import Origin
    from inittui.inspection.provenance import law_of

    parameters = dict(model.named_parameters())
    for pattern in who:
        if not fnmatch.filter(parameters, pattern):
            some = ", ".join(list(parameters)[:8])
            raise UsageError(
                f"--who: no parameter matches '{sanitize(pattern, 60)}'; they are: "
                f"{sanitize(some, 300)}{' ...' if len(parameters) > 8 else ''}"
            )
    writers = {tensor.name: tensor.writer for tensor in facts.tensors}
    fans = _fans(facts)
    origins = []
    for name, parameter in parameters.items():
        if not any(fnmatch.fnmatchcase(name, pattern) for pattern in who):
            continue
        law, writer = law_of(parameter, fans.get(name)), writers.get(name)
        origins.append(
            Origin(
                parameter=sanitize(name, 200),
                shape=tuple(parameter.shape),
                writer=_said(writer) if writer else "",
                where=_relative(writer.where) if writer else "",
                law=law.names,
                word=law.word,
                family=law.family,
                mean=law.mean,
                std=law.std,
            )
        )
    return tuple(origins)


def _lock(model: nn.Module, facts: Facts, name: str) -> Lock:
    from inittui.inspection.locking import lock_of

    return lock_of(model, name, 0, _fans(facts))


def _compared(model: nn.Module, against: Path | None) -> CheckpointFacts | None:
    if against is None:
        return None
    from inittui.inspection.checkpoints import compare_with

    return compare_with(model, against)


def _relative(where: str) -> str:
    """Return ``file:line`` from the working directory where the file lies below it."""
    file, colon, line = where.rpartition(":")
    if not colon:
        return where
    path, here = Path(os.path.normpath(Path.cwd() / file)), Path.cwd()
    if _OF_THE_COMMAND & {*path.parents}:
        return ""  # what called the code, where the model is inittui's
    return f"{path.relative_to(here)}:{line}" if here in path.parents else where


def placed(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return findings whose places are told from the working directory."""
    return tuple(replace(each, where=_relative(each.where)) for each in findings)


def _said(writer: WriterFacts) -> str:
    arguments = f"({writer.arguments})" if writer.arguments else ""
    part = "" if writer.is_whole else ", in part"
    loading = ", in load_state_dict" if writer.is_loading else ""
    return sanitize(f"{writer.operation}{arguments}{part}{loading}", 300)


_NUMBERS = (
    "samples", "input_power", "output_power", "output_share", "logit_std", "gradient_first",
    "gradient_last",
)  # fmt: skip


def _measured(passed: PassFacts) -> dict[str, Number]:
    """Return the numbers of the whole pass that were measured."""
    found = {name: getattr(passed, name) for name in _NUMBERS}
    return {name: value for name, value in found.items() if value != "NaN"}


def document_of(
    looked: Looked,
    findings: Sequence[Finding],
    name: str,
    notes: Sequence[str],
    preview: Preview | None = None,
) -> CheckDocument:
    """Return what was seen and found as the document that is printed."""
    from inittui.documents.check import CheckDocument, Coverage

    facts = looked.facts
    passed = facts.passed
    packages: Mapping[str, str] = {
        name: metadata.version(name) for name in ("inittui", "torch", "numpy")
    }
    severities: dict[str, int] = {"error": 0, "warning": 0, "note": 0}
    for finding in findings:
        severities[finding.severity] += 1
    return CheckDocument(
        model=sanitize(name, 200),
        input=facts.inputs,
        input_from=facts.inputs_from,
        versions=dict(packages),
        coverage=Coverage(
            parameters=facts.parameters,
            tensors=sum(tensor.kind == "parameter" for tensor in facts.tensors),
            matrices=facts.matrices,
            traced=facts.traced + facts.derived,
            uses=len(facts.uses),
            recorded=facts.is_recorded,
            meta=sum(x.is_meta and x.kind == "parameter" for x in facts.tensors),
            forward=passed is not None,
            reason=sanitize(facts.failure),
            skipped=facts.skipped,
        ),
        summary=severities,  # type: ignore[arg-type]
        measured={} if passed is None else _measured(passed),
        findings=tuple(findings),
        provenance=looked.origins,
        notes=tuple(notes),
        fix=preview,
    )
