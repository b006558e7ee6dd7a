"""The figures of docs/performance.md, measured on this machine: `make bench`.

Each figure is a module with its own rig. It runs the product as processes and imports none of it;
peers are measured in the same run and under the same load, or the row says that they are missing.
"""
