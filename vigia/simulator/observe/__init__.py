"""What the world looks like from the receiving end: late, twice, out of order, by wrong clocks.

Belongs here: everything between a true event and the line that arrives. Does not belong here:
what happens (`field`, `devices`, `desk`), or the spelling of lines (`emit`).
"""
