"""Lines of dumps for tests: canonical posts, and rows of shares in CSV."""

import json
import os

CSV_HEADER = "object_id,account_id,content_id,timestamp_share\n"


def line(number=1, **fields):
    post = {"post_id": f"p{number}", "platform": "x", "account_id": "a", "created_at": "2016-03-01T00:00:00Z"}
    return json.dumps(post | fields, ensure_ascii=False) + "\n"


def share(number):
    return f"o,a,c{number},1456790400\n"


def lines(count):
    return "".join(line(number, text=os.urandom(20).hex()) for number in range(count))
