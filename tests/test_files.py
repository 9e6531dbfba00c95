"""Writing files in one step."""

from __future__ import annotations

import os
import stat
import threading

import pytest

from polyflow.files import write_atomically


def test_a_file_takes_its_content_in_one_step_and_keeps_its_permissions(tmp_path):
    file, link = tmp_path / "file", tmp_path / "link"
    file.write_text("old")
    file.chmod(0o640)
    link.symlink_to(file)
    write_atomically(link, b"new")
    assert file.read_text() == "new"
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert link.is_symlink()
    assert sorted(tmp_path.iterdir()) == [file, link]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_written_to_and_stays_one(tmp_path):
    pipe, read = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()), daemon=True)
    reader.start()
    write_atomically(pipe, b"content")
    reader.join(10)
    assert read == [b"content"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_what_cannot_be_written_to_leaves_nothing_behind(tmp_path):
    with pytest.raises(IsADirectoryError, match="Give the name of a file"):
        write_atomically(tmp_path, b"")
    with pytest.raises(FileNotFoundError, match="Make it first"):
        write_atomically(tmp_path / "no" / "file", b"")
    assert list(tmp_path.iterdir()) == []
