"""Property tests here try the same cases on every run, and no clock decides about them."""

from hypothesis import settings

settings.register_profile("same_every_time", deadline=None, derandomize=True)
settings.load_profile("same_every_time")
