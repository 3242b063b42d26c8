"""`ringrun simulate`: what it is asked, what it shows meanwhile, and what it says at the end.

`main` is called by the command line. The runs themselves are `ringrun.simulation.run`.
"""
