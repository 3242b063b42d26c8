"""One slave: its states, its views, its phases, its end."""
