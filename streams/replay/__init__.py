"""The local driver: dumps in, alerts out, in one process and without Kafka.

`replay` runs the pipeline over dumps, with `read_ahead` decoding in a second thread. `local_run` puts settings,
    reference
files, outputs and progress around it. `backtest` compares alerts with labels, and `run_metrics` writes the figures of a
run for Prometheus.
"""
