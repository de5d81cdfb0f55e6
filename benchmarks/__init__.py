"""Speed and memory of our fits and of other libraries: ``python -m benchmarks.peers``."""
