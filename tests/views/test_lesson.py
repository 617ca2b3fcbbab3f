"""A lesson's answers as they are shown."""

from __future__ import annotations

from inittui.lessons import Answer, lessons
from inittui.views.frame import Frame
from inittui.views.lesson import answers_text, part_pictures
from tests.support.rendering import render
from tests.support.runs import Made, made_run

LOOK = ("The loss of the first batch.", "Where the accuracies end.")


def shown(*answers: Answer, look: tuple[str, ...] = LOOK) -> list[str]:
    return render(answers_text(answers, Frame(60), look), 60).splitlines()


def test_answers_stand_under_their_line() -> None:
    lines = shown(
        Answer("accuracy", "Accuracy: 80 %.", look=2, measured_at="small size: 3 seeds"),
        Answer("unfinished", "Not all was trained."),
        Answer("loss", "Loss: 2.3.", look=1),
        Answer("layers", "By layer:\nfc1 3.", look=2),
    )
    assert [line.rstrip() for line in lines] == [
        "What these numbers show (small size: 3 seeds)",
        "• Not all was trained.",
        "The loss of the first batch.",
        "• Loss: 2.3.",
        "Where the accuracies end.",
        "• Accuracy: 80 %.",
        "• By layer:",
        "  fc1 3.",
    ]


def test_without_lines_the_answers_stand_alone() -> None:
    assert len(shown(Answer("loss", "Loss: 2.3.", look=1), look=())) == 2


def test_before_a_loss_is_measured_no_axes_are_drawn() -> None:
    part = lessons()[0].parts[0]
    assert "loss" in part.pictures
    waiting = made_run([Made("zeros", losses=(), status="running"),
                        Made("ones", losses=(), status="running")], ended=None)  # fmt: skip
    text = render(part_pictures(part, waiting, Frame(60)), 60)
    assert "step" not in text
    assert "running" in text
    measured = made_run([Made("zeros", status="running"), Made("ones", status="running")])
    assert "step" in render(part_pictures(part, measured, Frame(60)), 60)
