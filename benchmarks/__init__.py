"""Measures Lockstep: how right the alerts are, how fast a replay is, and how the live service bears load.

    quality, covert, open_coordination               how right
    results                                          speed and memory on one page, from the four below
    replay, start, peer, held                        how fast, what a start costs, another program, bytes by part
    live, soak                                       the live service on a real broker
    engagement, followers, hidden_mentions, rhythm   one detector by itself
    workload, load_context, planted                  generated inputs
    oracle                                           pairs compared with those of CooRTweet
    runs                                             what the commands share

The packages never import a benchmark.
"""
