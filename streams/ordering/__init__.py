"""From dumps to one sequence of posts in event order.

`ordered_posts` merges sources by watermark; `external_sort` sorts a dump that has no order; `progress_bar` shows
    how far the
reading has come.
"""
