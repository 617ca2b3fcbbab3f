"""The words of a report, each explained once, and only those that stand in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from inittui.results.comparison import FEWEST_SEEDS, LEVEL, MOST_COMPARED
from inittui.results.learning import SIGNIFICANCE
from inittui.results.state import RunState
from inittui.results.summary import SchemeSummary, first_steps


def explanations(state: RunState, summaries: Sequence[SchemeSummary]) -> str:
    """Return a sentence for each word of the tables and of what is said below them; or ""."""
    return " ".join(_sentences(state, summaries))


def _sentences(state: RunState, summaries: Sequence[SchemeSummary]) -> Iterator[str]:
    if any(one.val_accuracy and one.val_accuracy.std is not None for one in summaries):
        yield "±: standard deviation over the seeds, of which accuracies and losses are the mean."
    if any(one.first_loss is not None for one in summaries):
        steps = first_steps(state)
        of = "that of this step" if steps == 1 else "mean of these steps"
        yield f"first {steps} loss: {of}, where starts differ most."
    if any(one.accuracy_difference or one.first_difference for one in summaries):
        yield (
            "paired: differences under the same seed, which has the same split, batches and "
            f"dropout for all; each interval, Student's t, holds with {100 * (1 - LEVEL):g} % or "
            "more by itself, and leaves out 0 where Holm's correction over all pairs tells the two "
            f"apart: any of those that are alike at most {100 * LEVEL:g} times in 100 comparisons."
        )
    if any(one.accuracy_difference for one in summaries):
        yield "points: a difference of k images is taken to vary by √k images at least."
    if any(one.first_difference for one in summaries):
        yield (
            "times: first losses are compared by their logarithms, so as ratios, as they may go "
            "over orders of magnitude."
        )
    if any(one.rank is not None for one in summaries):
        yield (
            "rank: equal within a group; everybody of a later group is clearly behind the best of "
            "each earlier one, by these intervals."
        )
    elif len(summaries) > 1 and sum(one.same_as is None for one in summaries) == 1:
        yield "No ranks: all contestants are one and the same."
    elif sum(one.is_final for one in summaries) > MOST_COMPARED and any(
        one.val_accuracy and one.val_accuracy.n >= FEWEST_SEEDS for one in summaries
    ):
        yield f"No ranks: more than {MOST_COMPARED} are not compared each with each."
    elif len(summaries) > 1 and any(one.val_accuracy for one in summaries):
        yield f"No ranks: fewer than {FEWEST_SEEDS} seeds can't tell a difference from chance."
    if any(one.learning and one.learning.verdict == "at chance" for one in summaries):
        yield (
            "at chance: not to be told from guessing at this number of images (binomial test, "
            f"{100 * SIGNIFICANCE:g} %, all seeds together), or seeds (t-test; images within one "
            "network aren't independent)."
        )
    if any(one.learning and one.learning.verdict == "as untrained" for one in summaries):
        yield (
            "as untrained networks may: these give most images of a class the same answer, so "
            "their accuracy differs from guessing by more than that of independent images; the "
            f"training loss doesn't fall, and fewer than {FEWEST_SEEDS} seeds can't tell."
        )
