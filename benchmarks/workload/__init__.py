"""Loads for measuring speed and memory: posts of any number, the same for the same seed.

    rows       who posts when, on which object: ordinary posts and planted groups, as arrays
    words      the made-up texts
    load       puts rows and texts together and writes posts and labels
    __main__   the command `python -m benchmarks.workload`

For measuring quality, use `benchmarks.planted`.
"""
