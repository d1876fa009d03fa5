"""The review desk: alerts for people to judge, and their verdicts back to detection.

- `cases` is what reviewers look at: the latest alert of each network with its reviews, searched, filtered and in pages.
- `verdicts` is what they decide: review events, written to a file beside the alerts or to the topic `reviews.v1`.
- `web` shows both in a browser, for one person or several, and lets in nobody else.
- `file_desk` and `live_desk` join them over a file of alerts and over the topics of the live service.
- `review_command` is `lockstep review`: the same verdicts without a browser.
"""
