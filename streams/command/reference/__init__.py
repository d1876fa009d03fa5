"""The commands about registries and pseudonyms."""
