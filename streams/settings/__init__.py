"""Settings: one TOML file, one typed object."""
