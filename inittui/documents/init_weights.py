"""Proposed start values as a Python file that needs torch alone."""

from __future__ import annotations

from collections.abc import Iterable

from inittui.results.fixing import Proposal
from inittui.text import sanitize

_TEXT = '''"""Start weights for {model}, as `inittui check --fix` proposed them.

    from {module} import init_weights

    model = init_weights(build())
"""

import torch
from torch import nn

STDS = {{{stds}}}
"""Drawn from a normal distribution of mean 0 and this standard deviation."""

ONES = ({ones})
ZEROS = ({zeros})


@torch.no_grad()
def init_weights(model: nn.Module) -> nn.Module:
    """Fill the parameters that are named above; leave all others as they are."""
    parameters = dict(model.named_parameters())
    for name, std in STDS.items():
        nn.init.normal_(parameters[name], std=std)
    for name in ONES:
        nn.init.ones_(parameters[name])
    for name in ZEROS:
        nn.init.zeros_(parameters[name])
    return model
'''


def init_weights_text(proposal: Proposal, model: str, module: str = "init_weights") -> str:
    """Return the text of a file with a function ``init_weights(model)``."""
    return _TEXT.format(
        model=sanitize(model, 200).replace("\\", "/").replace('"', "'"),
        module=module,
        stds=_lines(f"{name!a}: {std:.6g}," for name, std in proposal.stds.items()),
        ones=_lines(f"{name!a}," for name in proposal.ones),
        zeros=_lines(f"{name!a}," for name in proposal.zeros),
    )


def _lines(entries: Iterable[str]) -> str:
    listed = [f"    {entry}" for entry in entries]
    return "\n" + "\n".join(listed) + "\n" if listed else ""
