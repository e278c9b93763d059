"""What happens after something is known to be wrong: tickets, their promises, escalation."""
