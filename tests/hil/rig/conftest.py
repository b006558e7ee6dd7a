"""One table for a file: the Picos take a moment to start."""

from __future__ import annotations

import pytest

from hil.rig.pico import Pico
from tests.hil.rig.table import Table


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    with Table(tmp_path_factory.mktemp("table")) as table:
        yield table


@pytest.fixture(scope="module")
def stimulus(table):
    pico = Pico(table.ports["stimulus"], "stimulus")
    yield pico
    pico.close()


@pytest.fixture(scope="module")
def observer(table):
    pico = Pico(table.ports["observer"], "observer")
    yield pico
    pico.close()
