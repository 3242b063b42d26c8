"""One process of a simulated run: a core, its clock, its links, and what disturbs it.

`process` has what slaves and masters share, `surroundings` what all of them stand in.
"""
