"""One keeper writes a state folder: a lock on the folder itself, which the kernel drops with its
holder.

After a crash the last keeper may still be writing what it has received while the next run starts.
"""

from __future__ import annotations

import errno
import fcntl
import os
import time
from pathlib import Path
from typing import Final

_LOOK_S: Final = 0.02


def hold_folder(folder: Path) -> int:
    """The descriptor that holds `folder` until it is closed; the folder is made where needed.

    Raises BlockingIOError while another holds it, OSError where there is no folder. A file system
    without locks is held by whoever asks.
    """
    folder.mkdir(parents=True, exist_ok=True)
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno == errno.EWOULDBLOCK:
            os.close(fd)
            raise
    return fd


def wait_released(folder: Path, wait_s: float) -> bool:
    """Wait until nobody writes `folder`. False if somebody still does after `wait_s`."""
    end_s = time.monotonic() + wait_s
    while True:
        try:
            fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError:
            return True  # no folder, or none that can be read: nothing to wait for
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= end_s:
                return False
        except OSError:
            return True
        else:
            return True
        finally:
            os.close(fd)
        time.sleep(_LOOK_S)
