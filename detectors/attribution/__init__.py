"""Whose content a post carries: copies, hidden mentions, links to sites of the registry."""
