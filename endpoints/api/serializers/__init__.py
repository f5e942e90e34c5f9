"""What the JSON shows, field by field. Words are AWS's where AWS has one; times are ISO 8601 in UTC.

A change here needs a higher `etags.SHAPE`.
"""
