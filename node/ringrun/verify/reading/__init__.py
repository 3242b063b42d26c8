"""From bytes to records: a journal as columns, a log by its indices, and the arithmetic of both.

The lowest room of the checker. It knows what the format says and what a fold is, and judges
nothing: what is not as the format says is an `UnreadableError`.
"""
