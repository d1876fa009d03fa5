"""A world as records: the last step before files.

    rendering         posts with texts, links and counts
    follow_graph      follows between accounts, as follow events
    public_profiles   profiles at the start of the world
    canonical         JSONL and CSV files, the same bytes for the same rows

Everything is in the order of event time.
"""
