"""The progress bar in a real pseudo-terminal, and redirected by a real shell."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

pty = pytest.importorskip("pty", reason="this system has no pseudo-terminals")

PROGRAM = """
import time
from polyflow.callbacks import CallbackList
run = CallbackList(None, None, {"epochs": 2, "steps": 30}, verbose="auto")
run.on_train_begin()
try:
    for epoch in range(2):
        run.on_epoch_begin(epoch)
        for step in range(30):
            if epoch == 1 and step == 20:
                raise KeyboardInterrupt
            time.sleep(0.005)
            run.advance(step + 1, {"loss": 1.0, "accuracy": 0.5})
        run.on_epoch_end(epoch, {"loss": 1.0, "accuracy": 0.5})
except KeyboardInterrupt:
    pass
finally:
    run.close()
print("the end")
"""


def in_a_terminal(columns: int) -> str:
    import fcntl
    import struct
    import termios

    main, side = pty.openpty()
    fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {**os.environ, "TERM": "xterm", "PYTHONIOENCODING": "utf-8"}
    environment.pop("COLUMNS", None)
    process = subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=side, stderr=side, env=environment)
    os.close(side)
    parts = []
    while True:
        try:
            part = os.read(main, 4096)
        except OSError:  # how Linux says that the other side is closed
            break
        if not part:
            break
        parts.append(part)
    os.close(main)
    assert process.wait() == 0
    return b"".join(parts).decode()


def test_pseudo_terminal():
    """Redrawn in place with carriage returns alone; an interrupted line is ended."""
    text = in_a_terminal(100).replace("\r\n", "\n")
    assert not re.search(r"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f]", text)
    lines = [line.rsplit("\r", 1)[-1].rstrip() for line in text.rstrip("\n").split("\n")]
    assert [line.split(" ")[0] for line in lines[:2]] == ["Epoch", "30/30"]
    assert lines[1].endswith("ms/step - accuracy: 0.5000 - loss: 1.0000")
    assert lines[2] == "Epoch 2/2"
    assert re.match(r"\d\d?/30 ━", lines[3].strip())
    assert lines[4:] == ["the end"]
    assert text.count("\r") >= 3


def test_the_size_of_the_terminal_is_respected():
    running = [line for line in re.split(r"[\r\n]+", in_a_terminal(30)) if "…" in line]
    assert running
    assert all(len(line) < 30 for line in running)


def test_redirected_to_a_file(tmp_path):
    """No control characters at all."""
    with open(tmp_path / "log", "wb") as file:
        subprocess.run(
            [sys.executable, "-c", PROGRAM], stdout=file, check=True, env={**os.environ, "PYTHONIOENCODING": "utf-8"}
        )
    text = (tmp_path / "log").read_text("utf-8")
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", text)
    lines = text.splitlines()
    assert [lines[0], *lines[2:]] == ["Epoch 1/2", "Epoch 2/2", "the end"]
    assert re.fullmatch(r"30/30 - \d+s - \d+ms/step - accuracy: 0.5000 - loss: 1.0000", lines[1])
