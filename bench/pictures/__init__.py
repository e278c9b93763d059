"""Pictures of a simulated company, drawn from the stream that it sends; a file each.

`python -m bench.pictures --out docs/pictures` makes the company and draws them. The truth is read for
one purpose: a faint marking of what a controller should have noticed, which the picture then says.
"""
