"""What stages on different workers exchange: frames of rows, marks that close epochs, and what a consumer holds.

- `epoch_messages` are these messages; `inbox` releases an epoch when every producer has closed it, and drops repeats.
- `synchrony_rows` are the rows that a part of the stage of synchrony emits, and the stage that receives them.

Nothing here knows how messages travel.
"""
