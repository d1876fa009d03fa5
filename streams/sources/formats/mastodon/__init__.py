"""Posts of Mastodon and other servers of the fediverse."""
