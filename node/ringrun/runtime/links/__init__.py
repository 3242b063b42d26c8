"""A slave's connections: who dials whom, who is let in, what waits to be sent."""
