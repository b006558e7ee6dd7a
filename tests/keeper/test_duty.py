"""What a desk of a pair refuses, carries to the other unit, or does, by its picture of the pair."""

from __future__ import annotations

import pytest

from edge.keeper.duty import carried_to, judge, on_duty_unit, role_word
from edge.keeper.requests import Answer, AskHandover, AskMaintenance
from edge.model.order import Handover, Maintenance
from edge.model.twin_status import TwinStatus
from tests.keeper.pair import ACTIVE, STANDBY, seen

_SILENT = seen(ACTIVE, peer_heard=False, peer_age_s=12.0, peer_ready=False, alone=True)
_BEGIN_KITA = AskMaintenance("EG-KITA", begin=True)
_TO_KITA = AskHandover("EG-KITA")
_TO_MINAMI = AskHandover("EG-MINAMI")


@pytest.mark.parametrize(
    ("request_", "twin", "text"),
    [
        (
            _TO_MINAMI,
            None,
            (
                "handover EG-MINAMI: this site has one unit: got 1, need 2; nothing was "
                "changed; list "
                "the second in the site file"
            ),
        ),
        (
            AskMaintenance("EG-KITA", begin=False),
            None,
            (
                "maintenance EG-KITA: this site has one unit: got 1, need 2; nothing was "
                "changed; list "
                "the second in the site file"
            ),
        ),
        (
            AskHandover("EG-MINAM\x1b"),
            ACTIVE,
            (
                "handover EG-MINAM\N{REPLACEMENT CHARACTER}: no such unit: got "
                "EG-MINAM\N{REPLACEMENT CHARACTER}, need EG-KITA or EG-MINAMI; nothing was "
                "changed; "
                "name one of them"
            ),
        ),
        (
            _TO_MINAMI,
            _SILENT,
            (
                "handover EG-MINAMI: EG-MINAMI is not heard: got silence for 12.0 s, need its "
                "heartbeats; nothing was changed; check that it runs, its cables and the key "
                "(`denban doctor`)"
            ),
        ),
        (
            _TO_MINAMI,
            seen(ACTIVE, peer_role="listen", peer_ready=False),
            (
                "handover EG-MINAMI: EG-MINAMI is not ready: got role listen, fit, need a "
                "standby that "
                "would take over at once; nothing was changed; see `denban status` on EG-MINAMI"
            ),
        ),
        (
            _TO_MINAMI,
            seen(ACTIVE, peer_role="maintenance", peer_ready=False),
            (
                "handover EG-MINAMI: EG-MINAMI is in maintenance: got role maintenance, "
                "need standby; "
                "nothing was changed; run `denban maintenance end EG-MINAMI` there"
            ),
        ),
        (
            _TO_MINAMI,
            seen(ACTIVE, peer_same_site_file=False),
            (
                "handover EG-MINAMI: EG-MINAMI has another site file: got two digests, need one; "
                "nothing was changed; copy the file to both, restart the standby, then the other"
            ),
        ),
        (
            _TO_MINAMI,
            seen(ACTIVE, peer_same_plan=False),
            (
                "handover EG-MINAMI: EG-MINAMI has another plan: got two digests, need one; "
                "nothing "
                "was changed; import the same plan file on both"
            ),
        ),
        (
            _TO_MINAMI,
            seen(ACTIVE, peer_version="1.1.0"),
            (
                "handover EG-MINAMI: EG-MINAMI runs another version: got 1.1.0, need "
                "1.0.0+5; nothing "
                "was changed; install the same on both"
            ),
        ),
        (
            _TO_KITA,
            seen(STANDBY, role="maintenance"),
            (
                "handover EG-KITA: EG-KITA is in maintenance: got role maintenance, need standby; "
                "nothing was changed; run `denban maintenance end EG-KITA` there"
            ),
        ),
        (
            _TO_KITA,
            seen(STANDBY, role="listen"),
            (
                "handover EG-KITA: EG-KITA is not ready: got role listen, need standby; "
                "nothing was "
                "changed; wait until it is"
            ),
        ),
        (
            _TO_KITA,
            seen(STANDBY, peer_heard=False, peer_age_s=None),
            (
                "handover EG-KITA: EG-MINAMI is not heard: got not a word yet, need its "
                "heartbeats to "
                "take the duty from it; nothing was changed; see `denban status`"
            ),
        ),
        (
            AskMaintenance("EG-MINAMI", begin=True),
            ACTIVE,
            (
                "maintenance EG-MINAMI: this is EG-KITA: got EG-KITA, need EG-MINAMI; nothing was "
                "changed; log on to EG-MINAMI"
            ),
        ),
        (
            _BEGIN_KITA,
            _SILENT,
            (
                "maintenance EG-KITA: it would leave the site without an active unit: "
                "EG-MINAMI is not "
                "heard: got silence for 12.0 s, need its heartbeats; nothing was changed; "
                "check that "
                "it runs, its cables and the key (`denban doctor`)"
            ),
        ),
        (
            _BEGIN_KITA,
            seen(STANDBY, role="listen"),
            (
                "maintenance EG-KITA: EG-KITA is not ready: got role listen, need standby; nothing"
                " was changed; wait until it is"
            ),
        ),
        (
            _BEGIN_KITA,
            seen(STANDBY, peer_heard=False),
            (
                "maintenance EG-KITA: it would leave the site without an active unit: got "
                "EG-MINAMI "
                "not heard, need it on duty; nothing was changed; see `denban status`"
            ),
        ),
        (
            _BEGIN_KITA,
            seen(STANDBY, peer_role="listen"),
            (
                "maintenance EG-KITA: it would leave the site without an active unit: got "
                "EG-MINAMI "
                "listen, need it on duty; nothing was changed; see `denban status`"
            ),
        ),
    ],
)
def test_order_that_would_do_harm_is_refused_in_one_line(
    request_: AskHandover | AskMaintenance, twin: TwinStatus | None, text: str
) -> None:
    assert judge(request_, twin, "1.0.0+5", "ken") == Answer(ok=False, text=text)


@pytest.mark.parametrize(
    ("request_", "twin", "text"),
    [
        (_TO_KITA, ACTIVE, "EG-KITA is on duty already"),
        (_TO_MINAMI, STANDBY, "EG-MINAMI is on duty already"),
        (_BEGIN_KITA, seen(STANDBY, role="maintenance"), "EG-KITA is in maintenance already"),
        (AskMaintenance("EG-KITA", begin=False), STANDBY, "EG-KITA is not in maintenance"),
    ],
)
def test_order_whose_end_is_reached_changes_nothing(
    request_: AskHandover | AskMaintenance, twin: TwinStatus, text: str
) -> None:
    answer = Answer(ok=True, text=f"{text}; nothing was changed", twin=twin)
    assert judge(request_, twin, "1.0.0", "ken") == answer


@pytest.mark.parametrize(
    ("request_", "twin", "order"),
    [
        (_TO_MINAMI, ACTIVE, Handover("EG-MINAMI", "ken")),
        (_TO_MINAMI, seen(ACTIVE, peer_version=""), Handover("EG-MINAMI", "ken")),
        (_TO_KITA, STANDBY, Handover("EG-KITA", "ken")),
        (_BEGIN_KITA, ACTIVE, Maintenance(begin=True, who="ken")),
        (_BEGIN_KITA, STANDBY, Maintenance(begin=True, who="ken")),
        (
            AskMaintenance("EG-KITA", begin=False),
            seen(STANDBY, role="maintenance", peer_heard=False),
            Maintenance(begin=False, who="ken"),
        ),
    ],
)
def test_order_that_is_sound_goes_to_the_twin(
    request_: AskHandover | AskMaintenance, twin: TwinStatus, order: Handover | Maintenance
) -> None:
    assert judge(request_, twin, "1.0.0", "ken") == order


def test_power_order_goes_where_the_duty_is() -> None:
    assert [carried_to(twin) for twin in (None, ACTIVE, STANDBY)] == ["", "", "EG-MINAMI"]


@pytest.mark.parametrize(
    ("twin", "what"),
    [
        (seen(STANDBY, peer_heard=False, peer_age_s=3.0), "silence for 3.0 s"),
        (seen(STANDBY, peer_role="listen"), "is not on duty either"),
    ],
)
def test_power_order_with_nobody_on_duty_is_refused(twin: TwinStatus, what: str) -> None:
    text = (
        f"EG-KITA: not on duty: got role standby, and EG-MINAMI {what}; need one that is on duty; "
        "nothing was changed; see `denban status`, then try again"
    )
    assert carried_to(twin) == Answer(ok=False, text=text)


def test_duty_is_with_whom_it_is_seen() -> None:
    seen_at = [ACTIVE, STANDBY, seen(STANDBY, peer_heard=False), seen(STANDBY, peer_role="yield")]
    assert [on_duty_unit(twin) for twin in seen_at] == ["EG-KITA", "EG-MINAMI", None, "EG-MINAMI"]
    assert [role_word(twin) for twin in (ACTIVE, STANDBY, _SILENT)] == [
        "active",
        "standby",
        "alone",
    ]
