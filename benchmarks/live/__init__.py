"""The live service on a real broker: rate, lag, latency, memory, and the time a takeover takes.

    service_figures   what is measured from outside: reading, lag, processor time, latency of alerts
    worker_metrics    what the workers serve at /metrics
    __main__          the command `python -m benchmarks.live`

Broker, publisher and workers run on one machine.
"""
