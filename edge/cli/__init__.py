"""The `denban` command: what people type. Never imported by the control process.

It decides nothing about loads: it reads files, asks at the desk and shows what it gets.
"""
