"""Side by side with what a user would pick instead; every figure names what was run."""
