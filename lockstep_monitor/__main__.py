"""`python -m lockstep_monitor` runs the program, where its folder is not on the path."""

from streams.__main__ import main

if __name__ == "__main__":
    main()
