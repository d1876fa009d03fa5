"""`lockstep doctor`: checks of the environment, the settings and the live service, and what to do about each fault.

`doctor` runs the checks and prints them. `distribution`, `machine`, `memory` and `reference` need no broker; `live`
runs `broker`, `rights`, `service` and `scrape`. One check is one function that returns a `finding`.
"""
