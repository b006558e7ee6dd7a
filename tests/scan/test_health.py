"""Health: every phase has to make progress, and none may be missing or in the future."""

from __future__ import annotations

import pytest

from edge.scan.health import Health

LIMITS_NS = {"read": 10, "decide": 20}


def test_health_with_every_phase_in_time_is_good() -> None:
    health = Health(LIMITS_NS, 100)
    health.progress("read", 105)
    health.progress("decide", 106)
    assert (health.healthy(115), health.stalled(115)) == (True, ())


def test_health_of_a_phase_that_never_ran_ends_at_its_limit_after_the_start() -> None:
    health = Health(LIMITS_NS, 100)
    health.progress("read", 110)
    assert health.healthy(120)
    health.progress("read", 120)
    assert (health.healthy(121), health.stalled(121)) == (False, ("decide",))


def test_health_with_several_stalled_phases_names_them_in_order() -> None:
    assert Health(LIMITS_NS, 0).stalled(1000) == ("read", "decide")


def test_health_with_progress_in_the_future_is_bad() -> None:
    health = Health(LIMITS_NS, 100)
    health.progress("read", 500)
    assert (health.healthy(101), health.stalled(101)) == (False, ("read",))


def test_health_after_a_late_progress_is_good_only_with_the_next_one_in_time() -> None:
    health = Health({"read": 10}, 0)
    health.progress("read", 50)
    assert not health.healthy(50)
    health.progress("read", 60)
    assert health.healthy(60)


def test_health_of_a_phase_that_always_comes_late_is_never_good() -> None:
    health = Health({"read": 10}, 0)
    answers = []
    for now_mono_ns in range(11, 110, 11):
        health.progress("read", now_mono_ns)
        answers.append(health.healthy(now_mono_ns))
    assert answers == [False] * 9


def test_health_of_an_unknown_phase_is_a_programming_error() -> None:
    with pytest.raises(KeyError):
        Health(LIMITS_NS, 0).progress("raed", 1)
