"""`systemd/install.sh` into a root tree, with a pip that installs one program and no package."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

INSTALL = Path(__file__).parents[2] / "systemd" / "install.sh"
FAKE_PIP = """
import sys
from pathlib import Path
words = sys.argv[1:]
python = Path(words[words.index("--python") + 1])
source = Path(words[-1])
assert (source / "edge/app/__main__.py").exists() and (source / "pyproject.toml").exists()
assert not (source / "build").exists()
program = python.parent / "denban"
program.write_text(f"#!{python}\\nprint()\\n")
program.chmod(0o755)
place = next((python.parent.parent / "lib").glob("python3*/site-packages"))
(place / "product.py").write_text("def fail():\\n    raise ValueError\\n")
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("install")
    (folder / "pip.py").write_text(FAKE_PIP)
    tree = folder / "tree"
    stale = tree / "srv/denban/lib/stale"
    stale.parent.mkdir(parents=True)
    stale.touch()
    environment = {
        "PATH": os.environ["PATH"],
        "DESTDIR": str(tree),
        "PREFIX": "/srv/denban",
        "SYSTEM_PYTHON": sys.executable,
        "PIP": f"{sys.executable} {folder / 'pip.py'}",
    }
    subprocess.run([str(INSTALL)], env=environment, check=True)
    return tree


def test_install_puts_programs_that_run_where_they_will_be(tree: Path) -> None:
    program = (tree / "srv/denban/bin/denban").read_text()
    assert program == "#!/srv/denban/bin/python3\nprint()\n"


def test_install_leaves_no_trace_of_the_place_where_it_was_made(tree: Path) -> None:
    configuration = (tree / "srv/denban/pyvenv.cfg").read_text()
    assert str(tree) not in configuration
    (module,) = (tree / "srv/denban/lib").rglob("product.*.pyc")
    assert str(tree).encode() not in module.read_bytes()
    assert b"/srv/denban/lib" in module.read_bytes()


def test_install_leaves_nothing_of_the_installation_before(tree: Path) -> None:
    assert not (tree / "srv/denban/lib/stale").exists()


def test_install_puts_the_service_with_its_prefix_where_systemd_looks(tree: Path) -> None:
    service = (tree / "usr/lib/systemd/system/denban.service").read_text()
    assert "/srv/denban/bin/python3" in service
    assert "/opt/denban" not in service
    placed = ("sysusers.d/denban.conf", "tmpfiles.d/denban.conf", "udev/rules.d/60-denban.rules")
    assert [name for name in placed if not (tree / "usr/lib" / name).is_file()] == []
