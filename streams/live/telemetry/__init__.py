"""Metrics and health of a worker.

`telemetry`: what stages report. `detection_figures`: gauges sampled from detection. `health`: alive and ready.
"""
