"""Demand: labels time, accounts energy by interval and slot, projects it, says what it must meet.

Decides no relay. Energy runs on the monotonic clock; the wall clock only labels.
"""
