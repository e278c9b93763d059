"""How this installation is set up: settings from the environment, and the policy files.

The only package that reads the environment. It opens no connection and starts nothing.
"""
