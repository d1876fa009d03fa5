"""Cases: networks that are one operation, under one id.

`shared_objects` measures what two networks share, and how far nobody else does. `relations` says which networks are
related by it, or by accounts that moved between them. `case_book` holds the case of each network.
"""
