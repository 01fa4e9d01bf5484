"""What the whole suite is given."""

from hypothesis import settings

pytest_plugins = ["pytester"]

# A deadline asserts how fast a machine is, and fails where others work on it.
settings.register_profile("mcsopt", deadline=None)
settings.load_profile("mcsopt")
