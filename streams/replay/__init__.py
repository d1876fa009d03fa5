"""The local driver: dumps in, alerts out, in one process; backtests."""
