"""Programs that measure product code in-process, for `make bench`; each prints one JSON value."""
