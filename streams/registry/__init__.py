"""Registries made of what others have published: lists of domains, indicators, accounts and labels.

`public_lists` tells the kinds of lists apart and reads tables, `stix_lists` reads STIX 2.1, `indicators` knows what an
indicator names, and `merging` puts entities together and names every conflict.
"""
