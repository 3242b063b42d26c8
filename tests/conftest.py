"""Settings for all tests: hypothesis' profile. Fixtures live beside the tests that use them."""

from hypothesis import settings

# No deadline: two busy cores make single examples slow without making them wrong. Failing examples
# are printed as a decorator that replays them.
settings.register_profile("ringrun", deadline=None, print_blob=True)
settings.load_profile("ringrun")
