"""Reference data: who is known, what their profiles show, and what reviewers decided. Files in; look-ups out.

- `claims` names what only one entity can have, in the forms in which it is compared.
- `registry` indexes known entities (state media, diplomats, companies and others) by account, handle and domain.
- `reference_data` holds the registry, profiles and reviewers' rules of one run, looked up by account key.
- `affiliation` decides for accounts which entity they belong to, and whether a reader can see that.
- `review_rules` finds the rule that allows an account or mutes a network. `review_decisions` makes rules of reviews.
- `network_review` derives how far the review of one network has come, and what reviewers take it to be, from the log of
  their reviews; `review_cases` does so for all networks.

In the running example, the registry lists the state agency with its accounts and sites. Only so can the posts of the
three accounts be recognised as copies.
"""
