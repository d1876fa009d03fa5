"""Long forms of tests: `make soak` runs them with LOCKSTEP_LONG=1. All other runs take the short form."""

import os

LONG = os.environ.get("LOCKSTEP_LONG") == "1"
