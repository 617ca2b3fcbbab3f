"""`inittui check`: a doctor for the initialization of anybody's model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer
from msgspec.structs import replace

from inittui.cli import settings_options as opt
from inittui.cli import shared_options as shared
from inittui.cli.check_output import Form, print_check, teach
from inittui.cli.completion import complete_model
from inittui.errors import ExitCode, MachineError, UsageError, unknown
from inittui.experiment import setting_texts as texts
from inittui.experiment.check_settings import (
    CheckSettings,
    FailOn,
    check_codes,
    find_settings,
    parse_allowances,
)
from inittui.experiment.models import is_own
from inittui.experiment.records import Experiment
from inittui.experiment.settings import REPORT, with_options
from inittui.files import write_named
from inittui.results.check_result import chosen_of, unused_allowances
from inittui.results.rules.finding import Finding, by_code
from inittui.text import sanitize
from inittui.trust import check_trust

if TYPE_CHECKING:
    from inittui.cli.check_run import Looked
    from inittui.documents.check import CheckDocument
    from inittui.results.fixing import Proposal

LOCKFILE = Path("inittui.lock")
RULES, CHANGES = "Rules", "Changes"

_UNNAMED = (
    "name a model: FILE.py:NAME or MODULE:NAME of a class or a function that returns one, "
    "torchvision:NAME, or one of inittui's; or 'model' in [tool.inittui.check]"
)


@opt.with_settings("check")
def check(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="MODEL",
            help="FILE.py:NAME or MODULE:NAME of a class or function that gives a model; "
            "torchvision:NAME; or one of inittui's.",
            autocompletion=complete_model,
        ),
    ] = None,
    *,
    settings: opt.Given,
    batch: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Look at the model with these inputs: .pt, .npz or .safetensors, by tensors "
            "alone.",
        ),
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Compare with a checkpoint, .safetensors or .pt, by tensors alone."
        ),
    ] = None,
    once: Annotated[
        bool, typer.Option("--once", help="Build the model once, not also under other seeds.")
    ] = False,
    timeout: Annotated[
        float,
        typer.Option(
            metavar="SECONDS",
            help="Give up after this long.",
            parser=shared.number("--timeout", texts.decimal, 0.1, 1e6),
        ),
    ] = 600.0,
    trust: Annotated[
        bool, typer.Option("--trust", help="Import the model that pyproject.toml names.")
    ] = False,
    select: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CODES",
            help="Judge these rules only: I302, or I3 for all that begin so; several by commas.",
            rich_help_panel=RULES,
        ),
    ] = None,
    ignore: Annotated[
        list[str] | None,
        typer.Option(metavar="CODES", help="Leave rules out.", rich_help_panel=RULES),
    ] = None,
    allow: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CODE=PATTERN",
            help="What is meant as it is, such as 'I202=teacher.*'; may be repeated.",
            rich_help_panel=RULES,
        ),
    ] = None,
    fail_on: Annotated[
        str | None,
        typer.Option(
            metavar="|".join(get_args(FailOn)),
            help="The least severity that makes the exit code 1. \\[default: warning]",
            rich_help_panel=RULES,
        ),
    ] = None,
    explain: Annotated[
        str | None,
        typer.Option(
            metavar="CODE", help="Teach a rule, and check nothing.", rich_help_panel=RULES
        ),
    ] = None,
    rules: Annotated[
        bool, typer.Option("--rules", help="List the rules.", rich_help_panel=RULES)
    ] = False,
    lock: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Tell what drifted since a lockfile was written.",
            rich_help_panel=CHANGES,
        ),
    ] = None,
    write_lock: Annotated[
        bool,
        typer.Option(
            "--write-lock",
            help=f"Write the lockfile, {LOCKFILE} where --lock names none.",
            rich_help_panel=CHANGES,
        ),
    ] = False,
    exact: Annotated[
        bool,
        typer.Option(
            "--exact", help="With --lock: any other bit is drift.", rich_help_panel=CHANGES
        ),
    ] = False,
    fix: Annotated[
        bool,
        typer.Option(
            "--fix",
            help="Propose other start values, and measure them on a copy; nothing is changed.",
            rich_help_panel=CHANGES,
        ),
    ] = False,
    export: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.py",
            help="With --fix: write them as a function init_weights(model) in plain torch.",
            rich_help_panel=CHANGES,
        ),
    ] = None,
    who: Annotated[
        str | None,
        typer.Option(
            metavar="PATTERN",
            help="Also tell who wrote the parameters that match, and what they look like.",
            rich_help_panel=REPORT,
        ),
    ] = None,
    verbose: Annotated[
        bool,
        typer.Option("--verbose", "-v", help="Tell all that was measured.", rich_help_panel=REPORT),
    ] = False,
    form: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="|".join(get_args(Form)),
            help="What is printed: SARIF 2.1.0 and GitHub's annotations are for CI.",
            rich_help_panel=REPORT,
        ),
    ] = "text",
    as_json: Annotated[
        bool,
        typer.Option("--json", help="The same as --format json.", rich_help_panel=REPORT),
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write it to a file.", rich_help_panel=REPORT),
    ] = None,
    width: shared.Width = None,
) -> None:
    """Find what is wrong with a model's initialization before it is trained."""
    chosen = _form(form, as_json=as_json)
    if rules or explain is not None:
        teach(explain, as_json=chosen == "json", width=width)
        return
    if exact and lock is None:
        raise UsageError("--exact says how --lock compares; name a lockfile with --lock")
    _check_files(
        {"--against": against, "--batch": batch, "--lock": None if write_lock else lock},
        {"--output": output, "--export": export, "--lock": lock if write_lock else None},
    )
    config = _merged(find_settings(Path.cwd()), select, ignore, allow, fail_on)
    experiment = _experiment(name, settings, config, trust=trust)
    from inittui.cli.check_run import Wanted, document_of, look, placed, preview_of

    looked = look(
        Wanted(
            experiment.model,
            batch=batch,
            against=against,
            once=once,
            seconds=timeout,
            who=("*",) if verbose else (who,) if who is not None else (),
            locked=write_lock or lock is not None,
            fix=fix or export is not None,
        )
    )
    from inittui.results.check_result import allowed, failing
    from inittui.results.checking import judge

    found = list(
        judge(looked.facts, limits=config.limits, select=config.select, ignore=config.ignore)
    )
    notes: list[str] = []
    found += chosen_of(_compared(looked, lock, notes, write=write_lock, exact=exact), config)
    kept, unused = allowed(placed(sorted(found, key=by_code)), config.allow)
    kept += unused_allowances(unused)
    after = (
        ()
        if looked.refilled is None
        else judge(
            looked.refilled, limits=config.limits, select=config.select, ignore=config.ignore
        )
    )
    preview = preview_of(looked, kept, allowed(after, config.allow)[0])
    if export is not None and looked.proposal is not None:
        notes.append(_export(looked.proposal, experiment.model.name, export))
    document = document_of(looked, kept, experiment.model.name, notes, preview)
    print_check(document, looked.factory.place, chosen, output, width=width, verbose=verbose)
    raise typer.Exit(_exit_code(document, failing(kept, config.fail_on or "warning")))


def _check_files(read: Mapping[str, Path | None], written: Mapping[str, Path | None]) -> None:
    """Raise for files that aren't there, or can't be made, before anything long is begun."""
    for option, path in read.items():
        if path is not None and not path.is_file():
            made = "; --write-lock makes one" if option == "--lock" else ""
            raise UsageError(f"{option}: there is no file {sanitize(str(path), 200)}{made}")
    for option, path in written.items():
        if path is not None and not path.absolute().parent.is_dir():
            shown = sanitize(str(path), 200)
            raise MachineError(f"{option}: {shown} can't be made, its folder isn't there")


def _exit_code(document: CheckDocument, grave: Sequence[Finding]) -> ExitCode:
    if grave:
        return ExitCode.FINDINGS
    return ExitCode.DONE if document.coverage.forward else ExitCode.NOTHING_FINISHED


def _form(name: str, *, as_json: bool) -> Form:
    if name not in get_args(Form):
        raise unknown("format", sanitize(name, 40), get_args(Form))
    if as_json and name not in ("text", "json"):
        raise UsageError(f"--json and --format {name} ask for two formats; give one")
    return "json" if as_json else name  # type: ignore[return-value]  # checked above


def _merged(
    config: CheckSettings,
    select: Sequence[str] | None,
    ignore: Sequence[str] | None,
    allow: Sequence[str] | None,
    fail_on: str | None,
) -> CheckSettings:
    """Return the file's settings with what was typed: codes replace, allowances are added."""
    if fail_on is not None and fail_on not in get_args(FailOn):
        raise unknown("level to fail on", sanitize(fail_on, 40), get_args(FailOn))
    typed = parse_allowances(allow or ())
    both = {
        code: (*config.allow.get(code, ()), *typed.get(code, ()))
        for code in (*config.allow, *typed)
    }
    return replace(
        config,
        select=config.select if select is None else _codes(select),
        ignore=config.ignore if ignore is None else _codes(ignore),
        fail_on=fail_on or config.fail_on,
        allow=both,
    )


def _codes(texts: Sequence[str]) -> tuple[str, ...]:
    codes = tuple(code.strip() for text in texts for code in text.split(","))
    check_codes(codes)
    return codes


def _experiment(
    name: str | None, settings: opt.Given, config: CheckSettings, *, trust: bool
) -> Experiment:
    """Return what is checked, by what was typed and, behind that, by the file.

    Raises:
        UsageError: neither names a model, or the file's would have to be trusted.
    """
    reference = name or config.model
    if not reference:
        raise UsageError(_UNNAMED)
    if name is None and is_own(reference):
        check_trust(reference, config.source, trust=trust)
    given = {"model.input": config.inputs or None, **settings, "model.name": reference}
    experiment = with_options(Experiment(), {k: v for k, v in given.items() if v is not None})
    experiment.check()
    return experiment


def _compared(
    looked: Looked, lock: Path | None, notes: list[str], *, write: bool, exact: bool
) -> list[Finding]:
    """Return what differs from a checkpoint and from a lockfile; write that one where asked."""
    from inittui.results.lockfile import read_lock, write_lock
    from inittui.results.rules.changes import checkpoint_findings, drift_findings

    found: list[Finding] = []
    if looked.checkpoint is not None:
        found += checkpoint_findings(looked.checkpoint)
    if looked.lock is not None and write:
        path = lock or LOCKFILE
        write_lock(path, looked.lock)
        notes.append(f"Wrote {path}: {len(looked.lock.tensors)} tensors.")
    elif looked.lock is not None and lock is not None:
        before = read_lock(lock)
        if exact and before.torch != looked.lock.torch:
            raise UsageError(
                f"{lock} was written under torch {sanitize(before.torch, 40)}, this is "
                f"{looked.lock.torch}: bits can't be compared; without --exact, laws can"
            )
        found += drift_findings(before, looked.lock, str(lock), exact=exact)
    return found


def _export(proposal: Proposal, model: str, path: Path) -> str:
    from inittui.documents.init_weights import init_weights_text

    module = path.stem if path.stem.isidentifier() else "init_weights"
    write_named(path, init_weights_text(proposal, model, module).encode("utf-8"))
    return f"Wrote {path}: init_weights(model)."
