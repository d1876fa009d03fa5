"""`lockstep doctor`: what is wrong with an environment and how to mend it; one check a function."""
