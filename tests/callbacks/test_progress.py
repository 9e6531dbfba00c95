"""The progress bar: Keras's look, redrawn in place on a terminal, plain text everywhere else."""

from __future__ import annotations

import io
import re
import sys

import numpy as np
import pytest

from polyflow.progress import ProgressBar

LOGS = {"loss": 0.7064, "accuracy": 0.35}
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")


def run(bar, clock, epochs=1, steps=3, seconds=0.887, logs=LOGS, final=None):
    for epoch in range(epochs):
        bar.begin(epoch)
        for step in range(steps):
            clock.now += seconds
            bar.step(step + 1, logs)
        bar.finish(logs if final is None else final)


# ---- the look


def test_keras_example(terminal, clock):
    """Keras's line: steps, bar, seconds, time per step, metrics by name, those of the validation last."""
    screen = terminal()
    bar = ProgressBar(2, 3, 1, screen)
    run(bar, clock, epochs=2, final={"val_loss": 0.5, "val_accuracy": 0.25, **LOGS})
    line = (
        "3/3 ━━━━━━━━━━━━━━━━━━━━ 3s 887ms/step - accuracy: 0.3500 - loss: 0.7064 - "
        "val_accuracy: 0.2500 - val_loss: 0.5000"
    )
    assert screen.shown == ["Epoch 1/2", line, "Epoch 2/2", line, ""]


def test_running_line(terminal, clock):
    """While it runs: how much is done, and the time that is left."""
    screen = terminal()
    bar = ProgressBar(1, 100, 1, screen)
    bar.begin(0)
    for step in range(25):
        clock.now += 2.0
        bar.step(step + 1, LOGS)
    assert screen.shown == [" 25/100 ━━━━━─────────────── 2:30 2s/step - accuracy: 0.3500 - loss: 0.7064"]


def test_one_epoch_is_not_announced(terminal, clock):
    screen = terminal()
    run(ProgressBar(1, 3, 1, screen), clock)
    assert [line[:3] for line in screen.shown] == ["3/3", ""]


def test_verbose_2_is_a_plain_line(terminal, clock):
    screen = terminal()
    run(ProgressBar(2, 4, 2, screen), clock, steps=4, seconds=0.258)
    assert screen.shown[:2] == ["Epoch 1/2", "4/4 - 1s - 258ms/step - accuracy: 0.3500 - loss: 0.7064"]
    assert screen.drawings == 0


def test_verbose_0_is_silent(terminal, clock):
    screen = terminal()
    bar = ProgressBar(2, 3, 0, screen)
    run(bar, clock, epochs=2)
    bar.close()
    assert screen.getvalue() == ""
    assert screen.shown == [""]


@pytest.mark.parametrize("verbose", [3, -1, "loud", None, 1.5])
def test_other_verbose_is_refused(verbose):
    with pytest.raises(ValueError, match="verbose is 0 .* 'auto'; got"):
        ProgressBar(1, 1, verbose, io.StringIO())


@pytest.mark.parametrize("verbose", [True, False])
def test_verbose_may_be_a_bool(verbose):
    assert ProgressBar(1, 1, verbose, io.StringIO()).verbose == int(verbose)


def test_auto(terminal):
    """A bar on a terminal, a line per epoch in a file."""
    assert ProgressBar(1, 1, "auto", terminal()).verbose == 1
    assert ProgressBar(1, 1, "auto", io.StringIO()).verbose == 2


def test_no_standard_output(monkeypatch, clock):
    """A program without a console (pythonw) has no standard output: nothing is shown and nothing breaks."""
    monkeypatch.setattr(sys, "stdout", None)
    bar = ProgressBar(2, 3, 1)
    run(bar, clock)
    bar.message("hello")
    bar.close()
    assert bar.verbose == 0


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.7064, "0.7064"),
        (12345.678, "12345.6780"),
        (0.00012, "1.2000e-04"),
        (-0.00012, "-1.2000e-04"),
        (-2.5, "-2.5000"),
        (0.0, "0.0000e+00"),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
        (np.float32(0.5), "0.5000"),
        (np.array([1.0, 2.0]), "1.5000"),
        ("soon", "soon"),
    ],
)
def test_values(value, text, clock):
    """Four decimals, scientific where they would show nothing; the mean of a vector."""
    stream = io.StringIO()
    run(ProgressBar(1, 3, 2, stream), clock, logs={"loss": value})
    assert stream.getvalue().endswith(f" - loss: {text}\n")


@pytest.mark.parametrize(
    ("seconds", "text"), [(3.2, "3s/step"), (0.0421, "42ms/step"), (0.000042, "42us/step"), (0.0, "0s/step")]
)
def test_time_of_a_step(seconds, text, clock):
    stream = io.StringIO()
    run(ProgressBar(1, 3, 2, stream), clock, seconds=seconds)
    assert f" - {text} - " in stream.getvalue()


def test_the_first_step_does_not_count_in_the_time_per_step(terminal, clock):
    """It may have compiled a program, and says nothing about the others; the total holds it."""
    for screen, verbose in ((terminal(), 1), (io.StringIO(), 1), (io.StringIO(), 2)):
        bar = ProgressBar(1, 5, verbose, screen)
        bar.begin(0)
        clock.now += 10.0
        bar.step(1)
        for step in range(1, 5):
            clock.now += 0.5
            bar.step(step + 1)
        bar.finish()
        text = screen.shown[0] if hasattr(screen, "shown") else screen.getvalue()
        assert re.search(r"12s (- )?500ms/step", text), text


@pytest.mark.parametrize(("left", "text"), [(59, "59s"), (61, "1:01"), (3599, "59:59"), (3700, "1:01:40")])
def test_time_that_is_left(left, text, terminal, clock):
    screen = terminal()
    bar = ProgressBar(1, left + 1, 1, screen)
    bar.begin(0)
    clock.now += 1.0
    bar.step(1)
    assert f"─ {text} 1s/step" in screen.shown[0]


# ---- redrawing


def test_at_most_twenty_drawings_a_second(terminal, clock):
    screen = terminal()
    bar = ProgressBar(1, 100_000, 1, screen)
    bar.begin(0)
    for step in range(10_000):
        clock.now += 0.0002
        bar.step(step + 1, LOGS)
    assert 35 <= screen.drawings <= 41  # in two seconds
    assert len(screen.shown) == 1


def test_logs_are_read_only_for_a_drawing(terminal, clock):
    """Reading them may make an accelerator wait."""
    screen, reads = terminal(), []
    bar = ProgressBar(1, 1000, 1, screen)
    bar.begin(0)
    for step in range(1000):
        clock.now += 0.001
        bar.step(step + 1, lambda: reads.append(1) or LOGS)
    assert len(reads) == screen.drawings <= 21


def test_a_shorter_line_leaves_nothing_behind(terminal, clock):
    screen = terminal()
    bar = ProgressBar(1, 3, 1, screen)
    bar.begin(0)
    clock.now += 1
    bar.step(1, {"a_long_name": 1.0, "loss": 123456789.0})
    clock.now += 1
    bar.step(2, {"loss": 1.0})
    assert screen.shown == ["2/3 ━━━━━━━━━━━━━─────── 1s 1s/step - loss: 1.0000"]
    bar.finish({})
    assert screen.shown == ["2/3 ━━━━━━━━━━━━━─────── 2s 1s/step", ""]


def test_a_message_takes_the_place_of_the_line_which_comes_back(terminal, clock):
    screen = terminal()
    bar = ProgressBar(1, 3, 1, screen)
    bar.begin(0)
    clock.now += 1
    bar.step(1, LOGS)
    bar.message("saved")
    assert screen.shown == ["saved", ""]
    bar.step(2, LOGS)  # at once, not a twentieth of a second later
    assert [line[:5] for line in screen.shown] == ["saved", "2/3 ━"]


def test_an_interrupted_epoch_ends_its_line(terminal, clock):
    screen = terminal()
    bar = ProgressBar(2, 3, 1, screen)
    bar.begin(0)
    clock.now += 1
    bar.step(1, LOGS)
    bar.close()
    bar.close()
    assert len(screen.shown) == 3
    assert screen.shown[1].startswith("1/3")
    assert screen.shown[2] == ""


def test_close_after_a_finished_line_adds_nothing(terminal, clock):
    screen = terminal()
    bar = ProgressBar(1, 3, 1, screen)
    run(bar, clock)
    before = list(screen.shown)
    bar.close()
    assert screen.shown == before


def test_fewer_steps_than_announced_are_told(clock):
    stream = io.StringIO()
    run(ProgressBar(1, 10, 1, stream), clock, steps=5)
    assert stream.getvalue().startswith(" 5/10 ━━━━━━━━━━────────── ")


# ---- an unknown number of steps


def test_unknown_number_of_steps(terminal, clock):
    """Steps are counted up; the next epoch knows how many there were."""
    screen = terminal()
    bar = ProgressBar(2, None, 1, screen)
    bar.begin(0)
    for step in range(12):
        clock.now += 1
        bar.step(step + 1, LOGS)
    assert screen.shown[-1] == "     12/Unknown 12s 1s/step - accuracy: 0.3500 - loss: 0.7064"
    bar.finish(LOGS)
    assert screen.shown[-2] == "12/12 ━━━━━━━━━━━━━━━━━━━━ 12s 1s/step - accuracy: 0.3500 - loss: 0.7064"
    bar.begin(1)
    clock.now += 1
    bar.step(1, LOGS)
    assert screen.shown[-1].startswith(" 1/12 ━───")


@pytest.mark.parametrize("verbose", [1, 2])
def test_no_steps_at_all(verbose, clock):
    """Nobody knew the number and there were none: still a line."""
    stream = io.StringIO()
    bar = ProgressBar(1, None, verbose, stream)
    bar.begin(0)
    bar.finish()
    assert re.fullmatch(r" +0/Unknown (- )?0s (- )?0s/step\n", stream.getvalue())


def test_steps_that_nobody_reported_are_taken_as_done(clock):
    """Where a whole epoch runs as one program, the line counts the steps that were announced."""
    stream = io.StringIO()
    bar = ProgressBar(1, 4, 1, stream)
    bar.begin(0)
    clock.now += 2
    bar.finish(LOGS)
    assert stream.getvalue().startswith("4/4 ━━━━━━━━━━━━━━━━━━━━ 2s 500ms/step - ")


# ---- narrow terminals


@pytest.mark.parametrize("columns", [1, 2, 5, 8, 12, 20, 25, 40, 60, 79, 80, 100])
def test_the_running_line_fits(columns, terminal, clock):
    """A line that wrapped could not be redrawn in place."""
    screen = terminal(columns)
    bar = ProgressBar(1, 1000, 1, screen)
    bar.begin(0)
    for step in range(30):
        clock.now += 1
        bar.step(step + 1, {**LOGS, "mean_absolute_error": 1.0, "损失": 2.0})
    assert screen.wrapped == 0
    assert len(screen.shown) == 1
    assert screen.shown[0].startswith("  30/1000 "[: columns - 1].rstrip())


def test_what_gives_way_on_a_narrow_terminal(terminal, clock):
    """First the bar, then the last values, whole ones: half a number would be another number."""
    shown = {}
    for columns in (80, 71, 55, 50, 36, 20):
        screen = terminal(columns)
        bar = ProgressBar(1, 10, 1, screen)
        bar.begin(0)
        clock.now += 1
        bar.step(1, LOGS)
        shown[columns] = screen.shown[0]
    assert shown[80] == " 1/10 ━━────────────────── 9s 1s/step - accuracy: 0.3500 - loss: 0.7064"
    assert shown[71] == " 1/10 ━───────── 9s 1s/step - accuracy: 0.3500 - loss: 0.7064"
    assert shown[55] == " 1/10 9s 1s/step - accuracy: 0.3500 - loss: 0.7064"
    assert shown[50] == " 1/10 9s 1s/step - accuracy: 0.3500 - …"
    assert shown[36] == " 1/10 9s 1s/step - …"
    assert shown[20] == " 1/10 9s 1s/step"


def test_the_finished_line_is_complete(terminal, clock):
    """Nothing need be redrawn after it, so it may wrap rather than hide a value."""
    screen = terminal(40)
    run(ProgressBar(1, 3, 1, screen), clock)
    assert "".join(screen.lines) == "3/3 ━━━━━━━━━━━━━━━━━━━━ 3s 887ms/step - accuracy: 0.3500 - loss: 0.7064"


# ---- streams that are no terminal


@pytest.mark.parametrize("verbose", [1, 2, "auto"])
@pytest.mark.parametrize("steps", [7, None])
def test_no_control_characters_in_a_file(verbose, steps, clock):
    """One finished line per epoch, and nothing that a reader of the file would have to interpret."""
    stream = io.StringIO()
    bar = ProgressBar(3, steps, verbose, stream)
    run(bar, clock, epochs=3, steps=7, logs={"loss\r\x1b[31m": 1.0, "a\nb": 2.0})
    bar.message("done")
    bar.close()
    text = stream.getvalue()
    assert not CONTROL.search(text)
    lines = text.splitlines()
    assert len(lines) == 7
    assert [line for line in lines if line.startswith("Epoch")] == ["Epoch 1/3", "Epoch 2/3", "Epoch 3/3"]
    assert all("7/7" in line for line in lines[1:6:2])


def test_an_interruption_in_a_file_writes_nothing(clock):
    stream = io.StringIO()
    bar = ProgressBar(1, 3, 1, stream)
    bar.begin(0)
    bar.step(1, LOGS)
    bar.close()
    assert stream.getvalue() == ""


def test_a_stream_without_unicode_gets_ascii(terminal, clock):
    screen = terminal(60, "ascii")
    run(ProgressBar(1, 3, 1, screen), clock, logs={"loss": 1.0})
    assert screen.shown[0] == "3/3 ==================== 3s 887ms/step - loss: 1.0000"


def test_a_dumb_terminal_is_written_to_like_a_file(terminal, monkeypatch, clock):
    screen = terminal()
    monkeypatch.setenv("TERM", "dumb")
    run(ProgressBar(1, 3, 1, screen), clock)
    assert screen.drawings == 0
    assert len(screen.shown) == 2


def test_a_closed_stream_is_no_terminal():
    stream = io.StringIO()
    stream.close()
    assert not ProgressBar(1, 1, 1, stream).live


def test_a_notebook_redraws(clock):
    """Jupyter's output stream says it is no terminal, but goes back on a carriage return."""
    kernel = type("OutStream", (io.StringIO,), {"__module__": "ipykernel.iostream"})()
    bar = ProgressBar(1, 3, "auto", kernel)
    run(bar, clock)
    assert bar.live
    assert kernel.getvalue().count("\r") == 4


def test_standard_output_is_looked_up_when_it_is_made(capsys, clock):
    run(ProgressBar(1, 3, 2), clock)
    assert capsys.readouterr().out.startswith("3/3 - 3s - 887ms/step")


def test_a_bar_that_evaluates_has_no_epoch(clock):
    stream = io.StringIO()
    bar = ProgressBar(5, 3, 1, stream)
    bar.begin()
    bar.step(3)
    bar.finish({"loss": 1.0})
    assert stream.getvalue() == "3/3 ━━━━━━━━━━━━━━━━━━━━ 0s 0s/step - loss: 1.0000\n"


def test_a_step_that_does_not_redraw_only_looks_at_the_clock(clock, terminal):
    bar = ProgressBar(1, 10**9, 1, terminal())
    bar.begin(0)
    bar.step(1, LOGS)
    called = []

    def note(frame, event, _):
        if event == "call":
            called.append(frame.f_code.co_name)

    sys.setprofile(note)
    try:
        for step in range(2, 102):
            bar.step(step, LOGS)
    finally:
        sys.setprofile(None)
    assert called == 100 * ["step", "__call__"]
