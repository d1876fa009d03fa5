"""From a network and its assessment to an alert record: what was found, how surely, and why, in plain words.

`network_facts` gathers what the members shared. `coordination_score`, `signals`, `evidence`, `counter_evidence`,
`members` and `suggested_actions` each make one part of the record; `explanation` makes headline and explanation, with
the words for kinds of traces in `kind_words`. `alerting` decides which changes are reported and writes the records;
`reporting` calls it at each tick.
"""
