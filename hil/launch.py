"""Starting and ending a bench process from a test or a scenario: its `ready` line, its orders.

It waits for events with a deadline, never for a fixed time, and leaves no process behind.
"""

from __future__ import annotations

import json
import select
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

from hil import rpc
from hil.lifetime import end_process

_READY_S_MAX = 30.0
_END_S_MAX = 10.0


class BenchProcess:
    """`python -m module --config path`, up when the constructor returns.

    `ready` is what its ready line says. Raises RuntimeError when it does not come up. The config's
    `orders` is the socket that :meth:`order` speaks to.
    """

    def __init__(self, module: str, path: Path, config: dict[str, Any]) -> None:
        path.write_text(json.dumps(config))
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, "--config", str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            process_group=0,  # the terminal's ^C is for who started the bench
        )
        self._client: rpc.Client | None = None
        try:
            self.ready = self._wait_ready(module)
            self._client = rpc.Client(Path(config["orders"]))
        except BaseException:
            self.close()
            raise

    def _wait_ready(self, module: str) -> Any:
        assert self.process.stdout is not None
        line = b""
        if select.select([self.process.stdout], [], [], _READY_S_MAX)[0]:
            line = self.process.stdout.readline()
        if b"ready" not in line:
            raise RuntimeError(
                f"{module}: not up: got {line!r} in {_READY_S_MAX} s, need a ready line;"
                " not started; see its standard error"
            )
        said = json.loads(line.removeprefix(b"ready") or b"null")
        return said.get("ready", said) if isinstance(said, dict) else said

    def order(self, verb: str, **arguments: Any) -> Any:
        """Carry out an order of the process; raises RuntimeError with its error."""
        assert self._client is not None
        return self._client.call(verb, **arguments)

    def close(self) -> int:
        """End it by closing its standard input, by force if that does not help; its exit code."""
        if self._client is not None:
            self._client.close()
            self._client = None
        return end_process(self.process, _END_S_MAX)

    def __enter__(self) -> BenchProcess:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
