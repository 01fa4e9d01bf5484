"""What the whole suite is given."""

pytest_plugins = ["pytester"]
