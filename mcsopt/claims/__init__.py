"""One file per paper: each of its claims as a test that can come out false."""
