"""The site file: read, located, checked, compiled to what the decisions and the hardware need."""

from edge.config.load import LoadedSite, load_site

__all__ = ["LoadedSite", "load_site"]
