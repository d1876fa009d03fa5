"""Evidence on pairs of accounts, against the null model and shared interest."""
