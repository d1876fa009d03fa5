"""The live service: the same detection on Apache Kafka."""
