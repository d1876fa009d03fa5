"""What runs on a worker beside ingest: `detection_agent` runs detection, `review_watch` reads reviews for metrics."""
