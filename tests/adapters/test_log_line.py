"""A line for the log is written or dropped, and never waited for."""

from __future__ import annotations

import os

from edge.adapters.log_line import log_line


def test_line_is_written_with_its_end_and_cut_at_4096_bytes() -> None:
    read_fd, write_fd = os.pipe()
    try:
        assert log_line("worker lost: 警報", write_fd)
        assert log_line("x" * 10_000, write_fd)
        assert os.read(read_fd, 1 << 16) == "worker lost: 警報\n".encode() + b"x" * 4095 + b"\n"
    finally:
        os.close(read_fd)
        os.close(write_fd)


def test_line_into_a_full_pipe_or_to_nobody_is_dropped_at_once() -> None:
    read_fd, write_fd = os.pipe()
    try:
        os.set_blocking(write_fd, False)
        while True:
            try:
                os.write(write_fd, b"x" * 4096)
            except BlockingIOError:
                break
        os.set_blocking(write_fd, True)  # as standard error is: a plain write would never return
        assert not log_line("control goes on", write_fd)
    finally:
        os.close(read_fd)
    try:
        assert not log_line("nobody reads", write_fd)
    finally:
        os.close(write_fd)
