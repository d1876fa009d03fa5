"""`--state`: what a run remembers, kept in a folder, so that a later run goes on behind it.

`state_folder` has the files, `run_marks` says which run a state belongs to, and `keeping` saves and restores.
"""
