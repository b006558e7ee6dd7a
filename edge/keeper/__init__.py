"""The keeper: a process beside the control process that does everything that may wait for a disk.

It keeps the checkpoint, the journal, the flight recorder and the plan folder, and it is the desk at
which operators' requests arrive. The scan goes on without it.
"""
