"""How a node starts where nobody started it by hand: as a supervisor's child, or as a pod."""
