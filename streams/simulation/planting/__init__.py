"""Groups planted in a world: covert ones and open ones."""
