"""Words of the product: units, readings, what a scan takes in and gives out, what the site file
means.

Plain frozen records only. Nothing here decides, waits, reads or writes.
"""
