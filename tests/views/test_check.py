"""The report of a check: what, where, advice, the count last; the same on any terminal."""

from __future__ import annotations

import pytest

from inittui.documents.check import CheckDocument, Coverage, Origin, Preview
from inittui.results.rules.catalogue import RULES
from inittui.results.rules.codes import of_rule
from inittui.results.rules.finding import Finding
from inittui.views.check import check_report, rule_explained, rules_table
from inittui.views.frame import Frame
from tests.support.rendering import render

BLIND = of_rule(
    "I401", ("body.31.weight",),
    "outputs hardly depend on the input: 0.00031 % of their mean square is variance between "
    "samples; it is lost from body.31 on",
    evidence={"output_share": 3.1e-6}, limit=1e-3, where="model.py:31",
    advice="draw the weights by their fan-in with the gain of ReLU",
)  # fmt: skip
TWICE = of_rule("I104", ("head.weight",), "head.weight was filled twice", where="model.py:40")


def document(*findings: Finding, **changed: object) -> CheckDocument:
    facts: dict[str, object] = {
        "model": "model.py:build", "input": ("3x32x32",), "input_from": "given",
        "versions": {"torch": "2.14.1"},
        "coverage": Coverage(
            parameters=11_181_642, tensors=62, matrices=21, traced=21, uses=21, recorded=True,
            forward=True, reason="", skipped=(),
        ),
        "summary": {"error": 1, "warning": 0, "note": 1}, "measured": {"output_share": 3.1e-6},
        "findings": findings, "provenance": (), "notes": (),
    }  # fmt: skip
    return CheckDocument(**(facts | changed))  # type: ignore[arg-type]


def lines_of(told: CheckDocument, width: int = 80, *, ascii_only: bool = False) -> list[str]:
    frame = Frame(width, ascii_only)
    return render(check_report(told, frame, verbose=False), width).splitlines()


def test_what_where_advice_and_the_count_last() -> None:
    lines = [line.rstrip() for line in lines_of(document(BLIND, TWICE))]
    assert lines[0] == "model.py:build, input 3x32x32 (given)"
    assert "11,181,642 values in 62 parameters, 21 products" in lines[1]
    head = lines.index("error I401 blind")
    told = lines[head : lines.index("note I104 initialised-twice")]
    places = [next(i for i, line in enumerate(told) if sign in line)
              for sign in ("outputs hardly", "at model.py:31", "→ draw the weights")]  # fmt: skip
    assert places == sorted(places)
    assert lines[-1] == "1 error, 1 note."


def test_where_nothing_is_wrong_nothing_else_is_said() -> None:
    lines = [line for line in lines_of(document()) if line.strip()]
    assert len(lines) == 3
    assert lines[-1].strip() == "Nothing found."


def test_a_model_that_could_not_run_is_said_to_be_so() -> None:
    coverage = Coverage(
        parameters=3, tensors=1, matrices=1, traced=0, uses=0, recorded=False, forward=False,
        reason="RuntimeError: shapes", skipped=(),
    )  # fmt: skip
    text = " ".join(" ".join(lines_of(document(coverage=coverage))).split())
    assert "only their values are judged" in text
    assert "RuntimeError: shapes" in text


@pytest.mark.parametrize(("meta", "told"), [(2, "all of them"), (1, "1 of them")])
def test_of_a_model_without_values_none_is_said_to_be_judged(meta: int, told: str) -> None:
    coverage = Coverage(
        parameters=3, tensors=2, matrices=1, traced=0, uses=0, recorded=True, forward=False,
        reason="it has tensors without values", skipped=(), meta=meta,
    )  # fmt: skip
    text = " ".join(" ".join(lines_of(document(coverage=coverage))).split())
    assert f"{told} on the meta device, which keeps shapes and no values" in text
    assert "no pass through the model" in text
    assert "judged" not in text
    assert "couldn't run" not in text


@pytest.mark.parametrize("width", [40, 60, 80, 120])
@pytest.mark.parametrize("ascii_only", [False, True])
def test_no_line_is_wider(width: int, ascii_only: bool) -> None:
    origin = Origin(
        parameter="layers.0.attention.self.query.weight", shape=(768, 768),
        writer="kaiming_normal_(mode=fan_out, nonlinearity=relu)", where="model.py:12",
        law=("kaiming_normal:mode=fan_out,nonlinearity=relu", "xavier_normal"), word="likely",
        family="normal", mean=0.0, std=0.05,
    )  # fmt: skip
    preview = Preview(
        stds={"layers.0.attention.self.query.weight": (0.02, 0.036)}, ones=("norm.weight",),
        zeros=(), kept=("embedding.weight",), findings=(TWICE,), measured={"output_share": 0.5},
        by_code=(TWICE,), remarks=("4 layers of sigmoid follow each other",),
    )  # fmt: skip
    told = document(BLIND, TWICE, provenance=(origin,), notes=("Wrote inittui.lock.",), fix=preview)
    frame = Frame(width, ascii_only)
    text = render(check_report(told, frame, verbose=True), width)
    assert max(map(len, (line.rstrip() for line in text.splitlines()))) <= width
    if ascii_only:
        assert text.isascii()


def test_hostile_names_stay_on_their_line() -> None:
    nasty = of_rule("I401", ("a\x1b[2Jb\n\r",), "x\x1b[31m\ny", where="\x1b]0;t\x07.py:3")
    text = "\n".join(lines_of(document(nasty, model="\x1b[2Jm.py:build")))
    assert "\x1b" not in text and "\x07" not in text and "\r" not in text


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_each_rule_is_taught(rule: object) -> None:
    text = render(rule_explained(rule, Frame(80)), 80)  # type: ignore[arg-type]
    assert text.startswith(f"{rule.code} {rule.name}")  # type: ignore[attr-defined]
    assert rule.example.split("\n")[0] in text  # type: ignore[attr-defined]


def test_the_rules_are_listed_one_a_line() -> None:
    lines = render(rules_table(RULES, Frame(80)), 80).splitlines()
    assert len(lines) == 1 + len(RULES)
    assert all(len(line.rstrip()) <= 80 for line in lines)
    assert [line.split()[0] for line in lines[1:]] == [rule.code for rule in RULES]


def test_one_is_in_the_singular() -> None:
    small = Coverage(
        parameters=1, tensors=1, matrices=2, traced=1, uses=1, recorded=True, forward=True,
        reason="", skipped=(),
    )  # fmt: skip
    told = " ".join(" ".join(lines_of(document(coverage=small))).split())
    assert "1 value in 1 parameter, 1 product in a forward pass, 1 of 2 matrices in none" in told
