"""What is known at each instant, by what had arrived until then.

Every event that arrived counts, for a rule with a window, over one interval of evaluation times:
from its arrival (or its own time, if later) to its own time plus the window. So the rules are
algebra over matrices of things by instants, for all sites at once: an audit is the same code with
one instant, a replay with many. Nothing looks at what arrived after an instant.
"""
