"""How much of an operation is found, the more it hides: one curve for each way of hiding.

curves     the ways of hiding, and how far each is taken
worlds     ordinary people with one kind of operation among them
picture    the curves as SVG
__main__   the command `python -m benchmarks.evasion`
"""
