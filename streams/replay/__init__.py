"""The local driver: dumps in, alerts out, in one process and without Kafka.

`replay` runs the pipeline over dumps, with `read_ahead` decoding in a second thread. `local_run` puts settings,
reference files and reports around it, and `detecting` what is written meanwhile. `stopping` ends a run early and in
order, `state` lets it go on later. `backtest` compares alerts with labels, and `run_metrics` writes the figures of a
run for Prometheus.
"""
