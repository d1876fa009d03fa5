"""Worlds for measuring quality: ordinary people, planted groups, and the label of every account.

    groups      the covert and open groups of the scenario `networks`
    world       makes a world and writes posts and labels
    cases       how many planted groups are one case each: `python -m benchmarks.planted.cases`
    __main__    the command `python -m benchmarks.planted`

People, texts and the ways groups act come from `streams.simulation`.
"""
