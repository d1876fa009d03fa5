"""Every metric: name, type, unit, labels and meaning.

`metrics` declares them, with the classes of `metric_families`. `stage_times` measures the stages of detection.
"""
