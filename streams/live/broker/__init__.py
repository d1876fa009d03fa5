"""Access to the broker.

`connection` and `credentials`: arguments of all clients. `broker_check` and `group_session`: what is checked before a
client starts. `topic_admin`: creates and checks topics. `in_flight`: messages not confirmed yet.
`outages`: whether brokers can be reached. `sessions`: work that outages interrupt. `closing`: ends clients within a
time. `membership`: whether a consumer is still in its group. `metadata`: partitions of a topic,
and how often clients ask for it.
"""
