"""What reviewers decide, as review events that are added to a log and never changed.

`verdict` makes events of what a reviewer asks for, and refuses what makes no sense. `crossing` finds verdicts that a
reviewer had not seen. `review_file` appends to a file beside the alerts, `review_topic` writes to `reviews.v1`.
"""
