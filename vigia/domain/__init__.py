"""What the product knows: values and Polars frames in, values and frames out.

Nothing below this package reads a clock, a database, a file or the environment.
"""
