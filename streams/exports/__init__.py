"""Alerts and their networks for other tools: tables, graphs and STIX.

alert_files   alerts and networks read from the files that a run wrote
tables        networks, members, ties and evidence as frames with declared columns
csv_tables    a table as CSV that a spreadsheet opens without running any of it
graph_files   GraphML and GEXF
stix_bundle   STIX 2.1
export        chooses among them
account_questions   why an account, or a pair, is in a network or in none
"""
