"""Pools: accounts that keep one another prompt company, though hardly any two of them meet often.

An operation with hundreds of accounts can let a few of them, never the same few, share each object within a minute.
No pair gathers evidence, and there are no strangers to compare with. What shows it is the single account: nearly all
that it shares with anybody is shared within a minute of another account of the same pool, hour after hour, and far
more of its posts are so than of the posts that others made on the same days.

- `waiting_shares` holds posts and shares until a day has passed after them, so that their company is known.
- `company` counts it: who else shared the object within a day, and who within a minute.
- `pool_records` remembers the counts by account and day, and each meeting with its partners.
- `pool_test` finds the accounts that neither organic company nor their activity explains.
- `pool_groups` separates pools that do not mix, and ties the accounts of each. `pool_facts` sums up what they did.
- `pools` runs these once a day.
"""
