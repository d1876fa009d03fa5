"""Small worlds with known truth: ordinary people, and networks planted among them.

    background     ordinary people and what they post
    institutions   states, news agencies and the press
    planting       groups that act together, covertly or openly
    records        posts, follow events and profiles as they are written
    scenarios      the worlds by name, and the steps that make one
    folder         a world as files on disk, as `lockstep simulate` writes it

Do not tune a detector to these worlds alone: the same people write the worlds and the detectors.
"""
