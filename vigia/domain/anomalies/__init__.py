"""What is usual and what is not: baselines by hour of the week, and values that leave them."""
