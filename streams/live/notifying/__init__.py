"""`lockstep notify --live`: follows the topic of alerts in a group of its own, and keeps what receivers get.

It is no part of a worker: a receiver that is slow or away must not slow detection, and it can be restarted alone.
"""
