"""Small worlds with known truth: what people do without coordination, and networks planted among them.

    scenarios   the worlds by name, and how one is made
    folder      a world on disk, as `lockstep simulate` writes it
    organic     what people do; people, book and prose are what that is made of
    cast        who is on stage: states, desks, press, open_groups; follow_graph and public_profiles show them
    covert      what covert groups have in common; a module each for how they act; stealth has their dials

A detector should never be tuned to these worlds alone: they are written by the hands that write the detectors.
"""
