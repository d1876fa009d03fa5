"""What a run writes: output files that are checked before the run, dead letters, and text made safe for terminals."""
