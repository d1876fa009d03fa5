"""How right the alerts are, on real data and on generated worlds, in one table.

    real_data          labelled operations, a viral event, the pairs of CooRTweet
    generated_worlds   noise, in which any alert is a mistake, and planted groups
    parts              runs all of these, one after the other
    result_rows        the rows of the table
    __main__           the command `python -m benchmarks.quality`

The program runs in child processes.
"""
