"""The policy language of VPC endpoints: read it, check it, compare it. Pure Python, usable by itself.

`document.parse` reads a text strictly, `lint.lint` finds what is wrong with it or odd, `meaning` says whether two
documents are the same policy, `compare.compare` what one allows that another does not, and `diff.side_by_side` shows
where two texts differ.
"""
