"""The live service: its topics, and the record in which it says how far it has come."""
