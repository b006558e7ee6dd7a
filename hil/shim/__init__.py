"""A preloaded library that shows a process the bench's board in place of the kernel's devices."""
