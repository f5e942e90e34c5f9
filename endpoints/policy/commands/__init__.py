"""The verbs of the command line: each module answers one line of JSON, and is imported only when it is asked for."""
