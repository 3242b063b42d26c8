"""One process of a run: wire, loop and sockets, journal."""
