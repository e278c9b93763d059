"""Cached reads of the pages: one module a page, every read as the tenant's app role.

SQL that only a page needs belongs here; a number that two pages show belongs in a mart.
"""
