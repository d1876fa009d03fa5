"""Posts to shares: links, tags, reposts, mentions and normalised text. Stateless."""
