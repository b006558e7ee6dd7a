"""From Debian and a package to a pair, by docs/install.md word by word; then the life of the
package on it: upgrades, one that fails, one that is refused, and removal.
"""

from __future__ import annotations

import pytest

from hil.scenarios.guard import await_closed, await_open
from hil.scenarios.guide import PAGE, STEPS, commands
from hil.scenarios.installing import (
    APT,
    APT_S_MAX,
    Installation,
    need_pair,
    packages,
    used_version,
    version_of,
)
from hil.scenarios.works import bare_works
from hil.suite.ability import Ability
from hil.suite.protocol import Gateway
from hil.suite.scene import Scene

# A quarter of an hour: an emulated processor unpacks and compares thousands of files.
pytestmark = [
    pytest.mark.soak,
    pytest.mark.works(bare_works()),
    pytest.mark.needs(Ability.BARE, Ability.SERVICES),
]
_STATE = "dpkg-query -W -f '${db:Status-Abbrev}' denban"


@pytest.mark.covers("INSTALL")
def test_pair_installed_by_the_guide_word_by_word_is_on_duty_and_ready(scene: Scene) -> None:
    """Two machines with Debian, the package on a card. Every command of docs/install.md is typed in
    its order, by a person who logs on, at the gateway where it belongs. Expected: each does what
    the page says; one gateway is on duty, seen on the line, the other one ready; the first drill
    has passed.
    """
    assert commands(PAGE.read_text()) == [step.command for step in STEPS]
    done = Installation(scene)
    done.follow()
    drill = done.told["sudo denban drill EG-KITA", "EG-KITA"].text
    active, _ = scene.begin()
    scene.await_query(active)
    assert "EG-KITA" in drill
    for gateway in scene.bench.gateways.values():
        assert used_version(gateway) == version_of(packages(gateway).first)
        assert gateway.shell("systemctl is-enabled denban denban-drill.timer").code == 0
    scene.assert_safe()


@pytest.mark.covers("UPGRADE", "GUARD")
def test_package_on_duty_without_a_ready_twin_is_refused(scene: Scene) -> None:
    """The standby's service is stopped; the next version is installed on the one on duty by apt,
    and by the product's command. Expected: both refuse with the reason, the version stays, the line
    is driven all the time.
    """
    need_pair(scene)
    alone, out = scene.begin()
    version, deb = used_version(alone), packages(alone).next
    await_open(out)
    out.stop_service()
    scene.await_told(alone, "twin alone")
    await_closed(alone)
    said = alone.shell(APT.format(deb=deb), APT_S_MAX)
    assert said.code != 0, said.text
    assert "nothing was changed" in said.text
    said = alone.denban("upgrade", alone.unit, deb, "--yes-stop", alone.unit)
    assert said.code == 2, said.text
    assert used_version(alone) == version
    assert alone.shell(_STATE).text.startswith("ii")
    scene.assert_undisturbed()
    out.start_service()
    assert scene.settled() == (alone, out)


@pytest.mark.covers("UPGRADE")
def test_upgrade_of_the_standby_and_then_of_the_one_on_duty_moves_no_load(scene: Scene) -> None:
    """The next version is installed on the standby by apt, then on the one on duty by `denban
    upgrade`. Expected: the first changes no role; at the second the twin has the duty in time; no
    load moves; both run the next version.
    """
    need_pair(scene)
    active, standby = scene.begin()
    deb = packages(active).next
    _install(standby, deb)
    assert scene.settled() == (active, standby)
    scene.assert_undisturbed()
    active, standby = scene.begin()
    await_open(active)
    words = ("upgrade", active.unit, deb, "--yes-stop", active.unit)
    said = active.shell(" ".join(("denban", *words)), APT_S_MAX)
    assert said.code == 0, said.text
    taken = scene.takeover(active, standby)
    scene.measure("takeover", taken.gap_s, "s", at_most=scene.allowed.killed_s)
    assert scene.settled() == (standby, active)
    assert {used_version(active), used_version(standby)} == {version_of(deb)}


@pytest.mark.covers("UPGRADE")
def test_release_that_fails_at_its_start_is_taken_back_by_itself(scene: Scene) -> None:
    """A version that runs, accepts the site file, and fails as soon as it is to control, is
    installed on the one on duty. Expected: the twin takes over in time; apt says that it failed;
    the version before is in use again and stands by; no load moves.
    """
    need_pair(scene)
    old, new = scene.begin()
    version = used_version(old)
    await_open(old)
    said = old.shell(APT.format(deb=packages(old).broken), APT_S_MAX)
    assert said.code != 0, said.text
    assert f"version {version} is in use again" in said.text
    taken = scene.takeover(old, new)
    scene.measure("takeover", taken.gap_s, "s", at_most=scene.allowed.killed_s)
    assert scene.settled() == (new, old)
    assert used_version(old) == version
    (known,) = (deb for deb in _all(old) if version_of(deb) == version)
    _install(old, known, "--allow-downgrades")  # dpkg has seen a newer one
    assert scene.settled() == (new, old)


@pytest.mark.covers("UPGRADE")
def test_package_removed_and_purged_leaves_records(scene: Scene) -> None:
    """The package is removed from the standby, then purged. Expected: the one on duty goes on;
    after the first the site file is still there, after the second the records.
    """
    need_pair(scene)
    active, standby = scene.begin()
    said = standby.shell("apt-get remove --yes denban", APT_S_MAX)
    assert said.code == 0, said.text
    assert standby.shell("test -e /etc/denban/site.toml").code == 0
    assert standby.shell("test ! -e /opt/denban && test ! -e /usr/bin/denban").code == 0
    said = standby.shell("apt-get purge --yes denban", APT_S_MAX)
    assert said.code == 0, said.text
    assert standby.shell("test ! -e /etc/denban && test -s /var/lib/denban/journal.db").code == 0
    scene.await_told(active, "twin alone")
    scene.assert_undisturbed()


def _install(gateway: Gateway, deb: str, word: str = "") -> None:
    said = gateway.shell(f"{APT.format(deb=deb)} {word}", APT_S_MAX)
    assert said.code == 0, said.text
    assert gateway.shell(_STATE).text.startswith("ii")


def _all(gateway: Gateway) -> tuple[str, str, str]:
    found = packages(gateway)
    return found.first, found.next, found.broken
