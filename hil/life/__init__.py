"""Hours of the real pair in quiet times: what each of its processes holds, and whether it grows."""
