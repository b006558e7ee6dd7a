"""The machine on which the package's scripts are tried."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.package.machine import OLD, Machine


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """OLD is installed and runs."""
    machine = Machine(tmp_path / "machine")
    assert machine.install(OLD) == (0, "")
    site = machine.root / "etc/denban/site.toml"
    site.parent.mkdir(parents=True)
    site.write_text("site\n")
    store = machine.root / "var/lib/denban"
    store.mkdir(parents=True)
    (store / "journal").write_text("days\n")
    machine.note("ActiveState", "active")
    machine.note("whoami", '{"unit": "EG-KITA", "peer": {"unit": "EG-MINAMI"}}')
    machine.forget()
    return machine
