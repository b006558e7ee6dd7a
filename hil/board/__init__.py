"""The bench's board: GPIO chips, watchdogs, relays, loads, pulses and the plant, in one process.

``python -m hil.board --config board.json`` (config.py) serves two kinds of units, wired alike:

- Processes, through the preload library: ``LD_PRELOAD=$(python -m hil.shim.build)
  DENBAN_BOARD_SOCKET=<the unit's socket> <program>``.
- Emulated machines, through virtio-gpio (`"kind": "virtio"`), with the machine's memory shared:
  ``-chardev socket,id=gpio,path=<the unit's socket> -device vhost-user-gpio-pci,chardev=gpio``.
  Their power and their watchdog are the emulator's; a reset of the device resets the lines.

A few lines of its log (journal.py) and its orders (hil.rpc) are all that an observer needs.

Orders: `pins()`, `snapshot()`, `moves(since_ns)`, `pulses(line, count, rate_hz)`,
`bounce(line, edges, within_ms)`, `break_pulse(line, state)` with open|closed|null,
`feedback_stick(load, state)` with open|closed|null, `manual(load, position)` with auto|on|off,
`plant_set(name, value_w)` with base_w|solar_w, `load_trip(name, on)`, `power_cut(unit)` of a unit
of processes, `stop()`. `line` is the name of a pulse contact in the configuration. Pulses at 0 Hz
are a burst, as fast as every unit takes them; at a rate a machine may lose edges: `lost_edges`.
"""
