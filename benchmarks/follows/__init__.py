"""Follows in lockstep: how many accounts that follow together are found, and how many ordinary ones with them.

    python -m benchmarks.follows FOLLOWS.jsonl.gz [--seeds 11-15] [--share 10] [--half first|second]

FOLLOWS has follow events of accounts that are known to act together, such as sold stars on GitHub; none comes with the
source. They are mixed into `share` times as many generated ordinary follows (`benchmarks.follows.organic`), and the mix
is given to `lockstep replay --follows`.
"""
