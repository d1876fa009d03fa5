"""Scores as probabilities, learnt from what reviewers said: `lockstep calibrate`, and precision by reviewed labels.

`verdicts` joins alerts with labels, `reviewed` counts how right they were, `curves` fits, `picture` draws, and
`calibrate` is the command.
"""
