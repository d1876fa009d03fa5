"""Kafka records to rows, rows to frames, results to topics."""
