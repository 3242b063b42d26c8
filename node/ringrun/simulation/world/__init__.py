"""A whole run in one place: the machines that it is made of, and their supervisor."""
