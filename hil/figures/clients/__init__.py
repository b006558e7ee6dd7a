"""Modbus masters that people use instead, each in the loop that its manual shows: one a file.

All read the same two registers of the same meters in turn, as fast as they can. With `--silence`
the loop itself keeps the silence that the standard wants before a request.
"""
