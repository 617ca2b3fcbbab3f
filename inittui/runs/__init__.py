"""Run directories: making, writing, reading, finding and listing them. Never imports torch."""

from inittui.runs.damage import Damage, SkippedLine
from inittui.runs.directory import (
    RunDirectory,
    create_named_run,
    create_run,
    name_run,
    read_name,
    rename_run,
    run_directories,
    runs_root,
)
from inittui.runs.listing import RunListing, delete_run, find_run, list_runs, summarize
from inittui.runs.loading import load_settled, load_state, read_experiment
from inittui.runs.lock import Holder, RunBusyError, live_writer
from inittui.runs.log import LogReading, LogTail, iter_log, log_size, read_log
from inittui.runs.verify import Verdict, verify_run
from inittui.runs.writer import LogWriteError, LogWriter

__all__ = [
    "Damage",
    "Holder",
    "LogReading",
    "LogTail",
    "LogWriteError",
    "LogWriter",
    "RunBusyError",
    "RunDirectory",
    "RunListing",
    "SkippedLine",
    "Verdict",
    "create_named_run",
    "create_run",
    "delete_run",
    "find_run",
    "iter_log",
    "list_runs",
    "live_writer",
    "load_settled",
    "load_state",
    "log_size",
    "name_run",
    "read_experiment",
    "read_log",
    "read_name",
    "rename_run",
    "run_directories",
    "runs_root",
    "summarize",
    "verify_run",
]
