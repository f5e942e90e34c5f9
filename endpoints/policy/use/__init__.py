"""Least privilege from use: what recorded events asked for, what a policy would deny of it, what would suffice.

`recorded.read` turns CloudTrail's events into requests, `replay.replay` asks a policy about them, and
`smallest.smallest_policy` writes a readable policy that allows them and little more.
"""
