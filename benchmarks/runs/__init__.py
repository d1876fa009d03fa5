"""What the benchmarks share: run the program in a child process, measure it, read what it wrote.

    measure             wall-clock time, processor time and memory of a child process
    program             the `lockstep` console script
    generated           loads and worlds, kept between runs
    generator_command   runs a generator from the command line
    alerts_file         the networks in an alerts file
    tables              markdown tables

This folder has no command.
"""
