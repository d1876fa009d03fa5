"""Networks: evidence on pairs in; networks with their members and changes out, tick by tick.

- `network_stage` runs the steps in order. Each tick it validates pairs that gained evidence; once a day it tests all
  of them against a new null model.
- Edges: `edges` holds them with their grounds. `recurring_crowds` finds groups that pairs miss, and `untied_crowds`
  keeps those crowds that validated pairs do not explain.
- Members: `communities` splits the edges into communities (Leiden), `networks` follows these over time under one id,
  `expansion` finds peripheral members by their `meetings` with a network, and `loose_members` finds core members that
  nothing ties any more.
"""
