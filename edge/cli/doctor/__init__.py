"""`denban doctor`: is this machine fit to run the controller, and what to do where it is not.

Each check is one small function that looks and changes nothing.
"""
