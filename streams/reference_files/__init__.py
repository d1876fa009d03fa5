"""Files that are read besides posts.

`registry_file`, `profiles`, `suppressions` and `reviews_file` read reference data; `follow_events` reads follow events;
`reference_inputs` reads all of these for a run. `labels` reads the labels of a backtest.
"""
