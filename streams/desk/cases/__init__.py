"""What reviewers look at.

`board` holds a row for each network and the reviews about it; `rows` says what a row has; `filters` finds rows and cuts
them into pages; `record_store` keeps the alerts themselves on disk.
"""
