"""The live service: the same detection as a replay, on Apache Kafka.

In the order of the data: `publishing` and `ingest` write the topics that `detection` reads, as frames of `exchange`;
`stages` run it, `state` saves it. `broker` connects, `telemetry` measures, `service` is the worker.
"""
