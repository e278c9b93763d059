"""The `vigia` command: one module per group of commands, registered in `main`.

Commands read options, call one function of the layer that does the work, and print. They import
what they need inside the function, so that `vigia --help` stays quick.
"""
