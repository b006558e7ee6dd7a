"""The site file: read, located, checked, compiled to what the decisions and the hardware need.

Import what you need by its module: the loader is much larger than what it makes, and the control
process wants only the latter.
"""
