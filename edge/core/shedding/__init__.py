"""Which loads are on: stages, need, selection, learning, and the interlock that has the last word.

Pure decisions. Nothing here reads a clock, writes a relay or knows how demand is measured.
"""
