"""The truth about what happened, judged by the definitions and not by what was meant to happen.

Belongs here: episodes of every class from the true facts and from silence by the clock of
arrival, labels of things, what would have helped, and what an operator would say. An intention
that came to nothing is no episode; what happened by itself is one as good as any other.
"""
