"""The rhythm detector by itself: what it costs and which planted groups it finds.

    worlds       posts of ordinary people and of groups that post in the same minutes
    evaluation   runs the detector over a world
    __main__     the command `python -m benchmarks.rhythm`

The test of the detector uses the same worlds.
"""
