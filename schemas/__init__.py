"""What travels: events, evidence, alerts and errors. Imports nothing else of Lockstep."""
