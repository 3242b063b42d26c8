"""RingRun: a ring of slaves that agrees on one stream of messages, and proves it.

The path of the data: `spec` (what the user gives), `local` or the operator (who orders), `runtime`
(one process), `core` (the protocol, pure), `report` (what the user gets). Nothing is imported
here, so that `import ringrun.core` costs what the core costs.
"""

__version__ = "0.1.0"
