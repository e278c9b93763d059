"""Vigia: operations intelligence for guarded sites and facilities."""
