"""Programs that write the published schemas."""
