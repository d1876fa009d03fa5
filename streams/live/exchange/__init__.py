"""What is exchanged by topics.

`decoding`: Kafka records to rows. `frames`: rows to messages and back. `result_producer`: results to topics.
"""
