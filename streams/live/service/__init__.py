"""The worker process.

`commands` and `topic_commands`: what the command line runs. `worker`: the Faust app. `web`: metrics and health over
HTTP. `logs`: how it logs.
"""
