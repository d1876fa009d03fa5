"""From rows as they arrive to rows in event order, each counted once. Both drivers use these parts, in this order.

`watermark`: how far event time has passed, and which rows come too late. `held_rows`: rows wait here until their time
has passed. `duplicates`: recognises rows that were counted before. `rejected_rows`: what is left out, and why.
"""
