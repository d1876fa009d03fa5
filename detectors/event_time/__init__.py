"""From rows as they arrive to rows in event order, each counted once. Both drivers use these parts, in this order.

`watermark`: how far event time has passed, and which rows come too late. Live, where sources are not known beforehand,
`collector_times` and `settled_time` decide that. `held_rows`: rows wait here until their time
has passed. `duplicates`: recognises rows that were counted before. `rejected_rows`: what is left out, and why.
"""
