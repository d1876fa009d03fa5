"""Posts of Facebook and Instagram: CrowdTangle, Meta Content Library, Meta Business Suite."""
