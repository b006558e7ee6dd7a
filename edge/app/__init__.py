"""The control process put together: the one place that knows every part."""
