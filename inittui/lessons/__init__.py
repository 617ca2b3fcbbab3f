"""The shipped lessons and what their numbers are asked; readable without torch."""

from inittui.lessons.lesson import (
    Draw,
    Lesson,
    Part,
    Picture,
    Size,
    lesson_names,
    lessons,
    parse_lesson,
    read_lesson,
)
from inittui.lessons.questions import Answer, Question

__all__ = [
    "Answer",
    "Draw",
    "Lesson",
    "Part",
    "Picture",
    "Question",
    "Size",
    "lesson_names",
    "lessons",
    "parse_lesson",
    "read_lesson",
]
