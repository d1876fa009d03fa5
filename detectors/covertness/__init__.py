"""From everything observed about accounts to an assessment of one network: does it seem to hide what it is?

`observation_extractor` reads batches of posts. `account_observations` holds what was observed, by account, as event
time passes, and `baseline` shows what is usual at one moment. For a network, `assessment` asks `member_obscurity`, the
context terms in `terms` and `openness`; `network_context` is the answer, and `covertness` scores it. `words` holds the
words that alert texts share.
"""
