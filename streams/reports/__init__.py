"""What a run gives to people: a summary on the terminal, an HTML report, and pairs as CSV.

`latest_alerts` keeps the latest alert of each network while a run goes on; `summary` and `report` show them in order of
priority. `pairs_csv` writes the pairs of accounts that the pipeline holds.
"""
