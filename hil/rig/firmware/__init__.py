"""What runs on the rig's two Raspberry Pi Pico: `main.py`, in MicroPython. Nothing imports it."""
