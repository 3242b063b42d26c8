"""A run told in words for people, as `ringrun simulate --trace` prints it: `telling` does it.

Nothing is decided here, and no digest is taken of it: words may be changed at any time.
"""
