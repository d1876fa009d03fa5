"""An hour of bad days, mixed at random: kills, outages, several collectors, growth. `python -m benchmarks.chaos`."""
