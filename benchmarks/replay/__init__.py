"""The cost of a replay: seconds, memory, and how they grow with the number of posts.

    timing          runs each load several times and takes the medians
    stage_seconds   seconds of each stage
    parse_only      reads a file and does nothing else, a command of its own
    __main__        the command `python -m benchmarks.replay`

The program runs in child processes, on loads of `benchmarks.workload`.
"""
