"""From readings to energy: what the site has used, span by span, and how far that is known.

Takes samples of pulses and meters, never reads one. Every source is checked against what is
physically possible; a source that stops is replaced by the next without losing energy or counting
it twice.
"""
