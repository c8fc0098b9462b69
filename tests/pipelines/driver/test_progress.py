"""What is shown of long work fits a terminal of 80 columns, and a log without a terminal does not fall silent."""

import io
import sys
import time

import pytest

from pipelines.driver import progress
from pipelines.driver.display import Display

FIGURES = {"step": 50.0, "discriminator_loss": 0.662, "score_real": 0.176, "score_fake": 0.101, "generator_loss": 0.7}


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("columns", [80, 120])
def test_a_bar_and_all_beside_it_fit_the_terminal(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    """Class, bar, share, time left and two figures stand on one line each, at 80 columns as well."""
    shown = Terminal()
    monkeypatch.setattr(sys, "stderr", shown)
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("TERM", "xterm")
    with progress.Bars() as bars:
        bars.update("train a class of a very long name", 550, 1200, FIGURES)
        bars.update("train 猫", 1200, 1200, FIGURES)
        lines = [text.plain.rstrip() for text in rendered(bars, columns)]
    assert lines[0].startswith("train a class of a very… ━━━━━")
    assert "46%" in lines[0] and "-:--:--" in lines[0] and lines[0].endswith("real 0.18  fake 0.10")
    assert lines[1].endswith("finishing") and len(lines) == 2


def rendered(bars: progress.Bars, columns: int) -> list:
    """Return what the bars look like, line by line."""
    from rich.console import Console
    from rich.text import Text

    console = Console(width=columns, file=io.StringIO(), force_terminal=False)
    console.print(bars._shown.get_renderable())
    return [Text(line) for line in console.file.getvalue().splitlines()]  # type: ignore[attr-defined]


def test_a_log_says_now_and_then_how_far_each_stage_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a terminal there is a line for each running stage every while, for one that says nothing itself as well."""
    monkeypatch.setattr(progress, "LOG_EVERY_SECONDS", 0.1)
    with Display(quiet=False) as display, display.running("train 5"), display.running("evaluate"):
        display.progress("train 5", 300, 1200, FIGURES)
        time.sleep(0.35)
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("train 5: step 300 of 1200, 25 %, about 0:0") for line in lines)
    assert "evaluate: running for 0:00" in lines


def test_quiet_shows_nothing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither lines nor bars, and no line now and then."""
    monkeypatch.setattr(progress, "LOG_EVERY_SECONDS", 0.05)
    with Display(quiet=True) as display, display.running("evaluate"):
        display.line("something")
        time.sleep(0.2)
    assert capsys.readouterr() == ("", "")
