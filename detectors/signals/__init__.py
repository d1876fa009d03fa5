"""Signals for rules of the reader's own: figures about accounts and pairs that changed, as published records.

They are written at the first tick of each hour (pairs, engagement) and at the end of each day (registry followers). A
figure is written again only when it has changed by enough, and each hour has a bound; what does not fit waits. Signals
change nothing in detection.
"""

from detectors.signals.signal_writer import SignalMemory, SignalRecord, SignalWriter

__all__ = ["SignalMemory", "SignalRecord", "SignalWriter"]
