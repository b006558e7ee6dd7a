"""Decisions on a meter line that has died on this unit's side: is the adapter to blame, which rung
of the ladder is next, may it be tried. Pure; resets nothing itself.
"""
