"""How it moves: sources, drivers, exports and the command line."""
