"""Benchmarks: each on servers of its own, ratios in one run; ``docs/benchmarks.md`` has results."""
