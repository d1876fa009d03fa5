"""Articles of sites, each of which is an account: platform `web`, account = registered domain."""
