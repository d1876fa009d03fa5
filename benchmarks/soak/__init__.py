"""A long run of the live service under load, with workers killed again and again.

    outcome              the figures of a run
    run                  load, kills, and the comparison with a backtest
    prometheus_figures   what Prometheus saw
    panel_pictures       the panels of the dashboards as pictures
    report               the page about a run
    __main__             the command `python -m benchmarks.soak`

`make soak` runs it.
"""
