"""``make bench``: what docs/performance.md tells of, measured in one run."""
