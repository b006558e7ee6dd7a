"""The bus worker: the one process that talks to a meter line, and control's grip on it.

Control imports `edge.bus.handle` only; pymodbus, asyncio and the serial port live in the worker's
process. Nothing here decides about demand or loads.
"""
