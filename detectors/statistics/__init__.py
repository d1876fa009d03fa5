"""Statistics that know nothing of posts: rates, ranks, tails, false discovery."""
