"""From one slave's records to what it went through, before anything is compared with others.

Above `reading`, below `promises`. What one journal alone gives away as broken is told on the way.
"""
