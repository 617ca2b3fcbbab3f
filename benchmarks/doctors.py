"""`inittui check` beside anyinit 0.4 on the same faulty models, mended ones and exceptions.

    python -m benchmarks.doctors CASES [--peer PYTHON]

CASES is a folder of files with ``build()``, ``build_fixed()``, ``EXPECT`` (codes of which one has
to be found; empty for a deliberate exception) and ``INPUT``. PYTHON is an interpreter with torch,
this package and anyinit, which is no dependency of ours. anyinit overwrites a model's weights and
then judges what it made of it; ``assert_healthy()`` is its verdict.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.metadata
import importlib.util
import io
import json
import platform
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType


@dataclass(frozen=True)
class Outcome:
    """What a doctor said of one case."""

    case: str
    is_faulty: bool
    caught: bool
    """Of a faulty model: whether anything grave was said."""
    expected: bool
    """Of a faulty model: whether what was expected was said."""
    false: bool
    """Whether anything grave was said of the mended model, or of the exception."""
    failed: str
    """Why there is no verdict; empty where there is one."""
    seconds: float
    """Of both models together."""


Verdict = Callable[[ModuleType, str], tuple[bool, bool]]
"""Of a case and the name of its factory: whether anything grave, or what is expected, was said."""


def by_inittui(case: ModuleType, factory: str) -> tuple[bool, bool]:
    import inittui

    findings = inittui.check(getattr(case, factory), case.INPUT).findings
    grave = any(each.severity != "note" for each in findings)
    return grave, any(each.code in case.EXPECT for each in findings)


def by_anyinit(case: ModuleType, factory: str) -> tuple[bool, bool]:
    import anyinit
    import torch

    from inittui.experiment.inputs import parse_inputs
    from inittui.models.inputs import draw_inputs

    torch.manual_seed(0)
    model = getattr(case, factory)()
    (batch,) = draw_inputs(parse_inputs([case.INPUT]), 8, 0)
    report = anyinit.initialize(model, input_spec=lambda: batch, seed=0)
    try:
        report.assert_healthy()
    except AssertionError:
        return True, False  # it complains, and names no fault
    return False, False


DOCTORS: dict[str, Verdict] = {"inittui": by_inittui, "anyinit": by_anyinit}


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"case_{path.stem.replace('-', '_')}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def outcome(path: Path, verdict: Verdict) -> Outcome:
    case = load(path)
    grave = expected = false = False
    failed = ""
    began = time.perf_counter()
    try:
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if case.EXPECT:
                grave, expected = verdict(case, "build")
            false = verdict(case, "build_fixed")[0]
    except Exception as error:  # noqa: BLE001  # a doctor that fails is told so
        failed = f"{type(error).__name__}: {str(error).splitlines()[0][:80] if str(error) else ''}"
    seconds = time.perf_counter() - began
    return Outcome(path.stem, bool(case.EXPECT), grave, expected, false, failed, seconds)


def outcomes(folder: Path, doctor: str) -> list[Outcome]:
    return [outcome(path, DOCTORS[doctor]) for path in sorted(folder.glob("*.py"))]


def by_peer(python: str, folder: Path) -> list[Outcome]:
    done = subprocess.run(
        [python, "-m", "benchmarks.doctors", str(folder), "--doctor", "anyinit"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [Outcome(**row) for row in json.loads(done.stdout.splitlines()[-1])]


def summary(doctor: str, found: list[Outcome]) -> str:
    faulty = [each for each in found if each.is_faulty]
    seconds = sorted(each.seconds for each in found)
    cells = [
        doctor,
        f"{sum(each.caught for each in faulty)} of {len(faulty)}",
        f"{sum(each.expected for each in faulty)} of {len(faulty)}",
        f"{sum(each.false for each in found)} of {len(found)}",
        f"{sum(bool(each.failed) for each in found)}",
        f"{seconds[len(seconds) // 2]:.2f}",
        f"{seconds[-1]:.2f}",
    ]
    return f"| {' | '.join(cells)} |"


def report(results: dict[str, list[Outcome]]) -> str:
    lines = [
        "# Doctors side by side",
        "",
        f"torch {importlib.metadata.version('torch')}, {platform.machine()}, one thread. Faulty "
        "models are small ones in the manner of public reports; each has a mended twin, and some "
        "cases are deliberate exceptions. *Complains*: an error or a warning, or a failing "
        "`assert_healthy()`. anyinit overwrites the weights before it judges, so that what was "
        "wrong with them is gone. Median and longest seconds are of a case's models together.",
        "",
        "| doctor | complains of faulty | names the fault | complains of sound | failed | median s "
        "| longest s |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        *(summary(doctor, found) for doctor, found in results.items()),
        "",
        "| case | " + " | ".join(results) + " |",
        "| --- |" + " --- |" * len(results),
    ]
    for rows in zip(*results.values(), strict=True):
        told = " | ".join(_told(each) for each in rows)
        lines.append(f"| {rows[0].case} | {told} |")
    return "\n".join(lines) + "\n"


def _told(found: Outcome) -> str:
    if found.failed:
        return f"failed: {found.failed}".replace("|", "/")
    parts = []
    if found.is_faulty:
        parts.append("named" if found.expected else "complains" if found.caught else "missed")
    if found.false:
        parts.append("false alarm")
    return ", ".join(parts) or "sound"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", type=Path)
    parser.add_argument("--peer", help="interpreter that has anyinit")
    parser.add_argument("--doctor", choices=DOCTORS, help="print one doctor's outcomes as JSON")
    parser.add_argument("--output", type=Path)
    given = parser.parse_args()
    import torch

    torch.set_num_threads(1)
    if given.doctor:
        print(json.dumps([asdict(each) for each in outcomes(given.cases, given.doctor)]))
        return
    results = {"inittui": outcomes(given.cases, "inittui")}
    if given.peer:
        results["anyinit 0.4"] = by_peer(given.peer, given.cases)
    text = report(results)
    if given.output:
        given.output.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
