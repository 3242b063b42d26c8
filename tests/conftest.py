"""Settings for all tests: hypothesis' profile, and Ctrl-C. Fixtures live beside their tests."""

import signal

from hypothesis import settings

# No deadline: two busy cores make single examples slow without making them wrong. Failing examples
# are printed as a decorator that replays them.
settings.register_profile("ringrun", deadline=None, print_blob=True)
settings.load_profile("ringrun")

# Whoever starts tests in the background has Ctrl-C ignored, and all that they start inherits that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
