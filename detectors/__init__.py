"""What is decided: pure functions and small stateful kernels over frames and arrays.

No Kafka, no files, no wall clock, no metrics: the same input gives the same output.
"""
