"""The two programs that are run by hand: slaves that somebody started, and who finds them."""
