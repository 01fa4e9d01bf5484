"""What each command does: one module a command, with ``run(args) -> exit status``."""
