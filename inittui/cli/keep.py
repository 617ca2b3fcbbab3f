"""`inittui runs` with all its sub-commands."""

from __future__ import annotations

from inittui.cli.export import export
from inittui.cli.resume import repeat, resume, stop
from inittui.cli.runs import app

app.command()(resume)
app.command()(repeat)
app.command()(stop)
app.command()(export)
