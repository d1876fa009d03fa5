"""What `lockstep doctor` looks at, one check a function."""
