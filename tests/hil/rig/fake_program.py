"""Every program that the rig calls, copied to its name: it asks the table what to say and do.

As `ssh` it runs the command here, in the folder of the gateway that it was sent to.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path


def ask(name, words):
    with socket.socket(socket.AF_UNIX) as link:
        link.connect(os.environ["RIG_TABLE"])
        said = {"name": name, "words": words, "host": os.environ.get("GATEWAY", "")}
        link.sendall(json.dumps(said).encode() + b"\n")
        return json.loads(link.makefile().readline())


def run(name, words):
    answer = ask(name, words)
    if "folder" in answer and "--" in words:
        environment = {**os.environ, "GATEWAY": answer["host"]}
        command = ["sh", "-c", words[-1]]
        return subprocess.run(
            command, cwd=answer["folder"], env=environment, check=False
        ).returncode
    if "-N" in words and not answer["code"]:
        signal.pause()
    print(answer.get("text", ""), end="")
    return answer["code"]


if __name__ == "__main__":
    sys.exit(run(Path(sys.argv[0]).name, sys.argv[1:]))
