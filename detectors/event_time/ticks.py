"""Ticks: the multiples of some seconds at which something is due."""


def next_tick(time: int, every_s: int) -> int:
    """The first multiple of `every_s` after `time`, both in seconds."""
    return time - time % every_s + every_s
