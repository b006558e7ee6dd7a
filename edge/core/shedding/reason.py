"""Codes for why a load moved and why the controller acts or waits. Texts for people are made
elsewhere.
"""

from __future__ import annotations

import enum


class MoveReason(enum.StrEnum):
    """Why a relay moved; the ``reason`` fact of every RELAY event."""

    PROJECTED_OVER = "projected_over"
    OPTIMISTIC_OVER = "optimistic_over"
    EMERGENCY = "emergency"
    RESTORED = "restored"
    MAX_SHED = "max_shed"
    ESSENTIAL = "essential"
    OVERRIDE = "override"
    LOST_POLICY = "lost_policy"
    UNDER_PLAN = "under_plan"
    PLAN_MET = "plan_met"
    SAFE = "safe"
    TAKEN_OVER = "taken_over"
    DUTY_BEGINS = "duty_begins"


class Why(enum.StrEnum):
    """What the controller is doing in this scan, in one word."""

    NORMAL = "normal"
    STARTING = "starting"
    SHEDDING = "shedding"
    SETTLING = "settling"
    SHORT = "short"
    EMERGENCY = "emergency"
    RESTORING = "restoring"
    WAITING_TO_RESTORE = "waiting_to_restore"
    UNDER_PLAN = "under_plan"
    LOST_HOLD = "lost_hold"
    LOST_POLICY = "lost_policy"


class LoadFault(enum.StrEnum):
    """What is wrong with a load, worst first."""

    RELAY = "relay"
    CONTACT_STUCK = "contact_stuck"
    NO_RESPONSE = "no_response"
