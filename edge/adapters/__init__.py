"""The operating system and the hardware, one interface a file. Nothing here decides about loads.

Operating faults are answered, not raised: a value says what is wrong and the work goes on where
it can.
"""
