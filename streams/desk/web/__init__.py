"""The desk in a browser: plain pages and forms that work without scripts, with a little script for comfort.

`access` decides who comes in and refuses what other sites send; `session` remembers who somebody is; `server` joins the
pages and adds the headers. `queue_page`, `case_page` and `audit_page` show; `acts` takes what reviewers send; `forms`
reads it.
"""
