"""The site file: read, located, checked, compiled to what the decisions and the hardware need."""
