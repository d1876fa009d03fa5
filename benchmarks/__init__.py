"""Seeded loads with ground truth, and what Lockstep does with them: how fast, how much memory, how right."""
