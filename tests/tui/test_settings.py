"""Settings, keys and forms: what is typed is taken, or told to be wrong."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from inittui.tui.keymap import check_keymap, shown_key
from inittui.tui.settings import Settings, load_settings, save_settings
from inittui.tui.terminal import look_around
from tests.support.tui_shelf import MakeApp, settle


def test_settings_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "settings.toml"
    wanted = Settings(theme="nord", keymap={"compare.run": "f9"}, fps=1.5, mouse=False)
    save_settings(wanted, path)
    assert load_settings(path).settings == wanted
    assert "palette" not in path.read_text(), "defaults aren't written down"


def test_no_file_means_defaults(tmp_path: Path) -> None:
    loaded = load_settings(tmp_path / "settings.toml")
    assert (loaded.settings, loaded.problem, loaded.is_writable) == (Settings(), "", True)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("theme = ", "Invalid value"),
        ('them = "nord"', "unknown setting 'them'; did you mean 'theme'?"),
        ('fps = "fast"', "'fps': Expected"),
        ("\xff", "codec can't decode"),
    ],
)
def test_what_is_wrong_is_named_and_the_file_left_alone(
    tmp_path: Path, text: str, problem: str
) -> None:
    path = tmp_path / "settings.toml"
    path.write_bytes(("mouse = false\n" + text).encode("latin-1"))
    loaded = load_settings(path)
    assert problem in loaded.problem
    assert not loaded.is_writable


def test_what_is_right_in_a_file_counts_beside_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text('mouse = false\npalette = "pink"\n')
    loaded = load_settings(path)
    assert not loaded.settings.mouse
    assert loaded.settings.palette == "safe"


def test_unknown_actions_in_a_keymap_are_named() -> None:
    good, problem = check_keymap({"compare.run": "f9", "compare.ran": "f8"})
    assert good == {"compare.run": "f9"}
    assert problem == "keymap: there is no action 'compare.ran'; did you mean 'compare.run'?"


@pytest.mark.parametrize(
    ("keys", "shown"),
    [("question_mark,f1", "? f1"), ("ctrl+left", "^←"), ("shift+right", "shift+→"), ("r", "r")],
)
def test_keys_are_written_for_people(keys: str, shown: str) -> None:
    assert shown_key(keys) == shown


def test_ssh_is_served_slower_and_linux_without_braille() -> None:
    over_ssh = look_around({"SSH_CONNECTION": "x", "TERM": "xterm-256color"}, encoding="utf-8")
    assert (over_ssh.over_ssh, over_ssh.fps, over_ssh.few_colors) == (True, 2.0, False)
    console = look_around({"TERM": "linux"}, encoding="utf-8")
    assert (console.ascii_only, console.marker, console.few_colors) == (True, "ascii", True)
    plain = look_around({"TERM": "screen", "NO_COLOR": "1"}, encoding="utf-8", fps=1.0)
    assert (plain.no_color, plain.fps, plain.marker) == (True, 1.0, "braille")
    assert look_around({"TERM": "xterm"}, encoding="iso-8859-1").ascii_only


def test_an_unknown_theme_is_told_and_the_default_is_used(make_app: MakeApp) -> None:
    async def run() -> None:
        app = make_app(theme=None, settings=Settings(theme="draculla"))
        async with app.run_test(size=(80, 24)) as pilot:
            await settle(pilot)
            assert app.theme == "inittui-dark"
            [told] = [notice.message for notice in app._notifications]
            assert told == "no theme 'draculla'; did you mean 'dracula'?"

    asyncio.run(run())


def test_texts_name_the_keys_of_the_keymap(make_app: MakeApp) -> None:
    async def run() -> None:
        app = make_app(settings=Settings(keymap={"compare.run": "ctrl+r", "lessons.run": "x"}))
        async with app.run_test(size=(80, 24)) as pilot:
            await settle(pilot)
            assert "Press ^r to train" in str(app.screen.query_one("#explained").content)
            await pilot.press("2")
            await settle(pilot)
            assert "press ^r to train" in str(app.screen.query_one("#empty").content)
            await pilot.press("5")
            await settle(pilot)
            await pilot.press("tab", "end")
            await settle(pilot)
            drawn = "\n".join(strip.text for strip in app.screen._compositor.render_strips())
            assert "Press x to run it here." in drawn

    asyncio.run(run())
