"""Help desk, control room and facility: tickets, alerts, escalations, equipment and its upkeep."""
