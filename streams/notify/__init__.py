"""Notifications: signed webhooks about alerts.

`receivers` says who is notified, `choosing` of which alerts, `forms` in which words. `outbox` keeps what waits and what
was sent, in one file. `delivery` makes one request, `sender` tries until it is delivered or given up. `batch` sends the
digest of a file. The live service's alerts come from `streams.live.notifying`.
"""
