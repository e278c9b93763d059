"""How right the product is, measured against the truth of simulated worlds.

Belongs here: reading truth, matching what was found with what was true, scores, the naive bar.
Does not belong here: finding anything. Nothing outside this package may read a world's truth.
"""
