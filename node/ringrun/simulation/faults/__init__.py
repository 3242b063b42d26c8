"""What goes wrong in a run: `plan` draws when and which, the other modules are the faults.

A fault is a function of a world and a generator that does it and says whether it could.
"""
