"""Repeatable benchmarks, each against a reference engine on the same data in the same run.

`vigia bench NAME` prints them. Not part of the product: nothing in `vigia` but that command
knows of this folder.
"""
