"""A control process as the herald's test needs it: one link, one bus worker, a beat on request.

Arguments: the link's plan as JSON, and a file to hold open in the place of a relay's line. Each
line on standard input is an instant to speak at, or a word; each is answered by one line.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec

from edge.peer.herald import Herald
from edge.peer.link import PeerLink
from edge.peer.plan import LinkPlan
from tests.peer.beats import BEAT, KEY

_WORKER = """
import ctypes, signal, time
ctypes.CDLL(None).prctl(1, signal.SIGKILL)
print(flush=True)
time.sleep(600)
"""


def main() -> None:
    plan = msgspec.json.decode(sys.argv[1], type=LinkPlan)
    kept = os.open(sys.argv[2], os.O_RDWR | os.O_CREAT)
    herald = Herald(plan.paths)
    link = PeerLink(plan, {1: KEY}, os.urandom(8), herald)
    worker = subprocess.Popen([sys.executable, "-c", _WORKER], stdout=subprocess.PIPE)
    assert worker.stdout is not None
    worker.stdout.readline()
    print(herald.pid, worker.pid, kept, flush=True)
    guarded = worker.pid
    for line in sys.stdin:
        word, _, number = line.strip().partition(" ")
        told: list[object] = []
        match word:
            case "crash":
                link.close(farewell=True)
                os._exit(1)
            case "stop":
                link.close()
                break
            case "health":
                told += [sample.name for sample in link.health() if sample.text]
            case "guard":
                guarded = int(number)
                link.send(BEAT, BEAT.mono_ns, (guarded,))
            case _:
                now_ns = int(word)
                link.receive(now_ns)
                link.send(msgspec.structs.replace(BEAT, mono_ns=now_ns), now_ns, (guarded,))
                told = [now_ns]
        print(*told, flush=True)
    worker.kill()
    worker.wait()


if __name__ == "__main__":
    Path("/proc/self/comm").write_text("control")
    main()
