"""What a case shows on the page of the report: words, examples and pictures, made of an alert.

`case.case_of` puts them together. The posts behind an alert come from `streams.reports.report_posts`; without them a
case shows what the alert itself has.
"""
