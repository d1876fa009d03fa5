"""Posts of Bluesky: events of its network, records of repositories, views of its API."""
