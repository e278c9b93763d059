"""What people do on the ground: presence, tours, tasks, check calls, doors, calls for help.

Belongs here: the movements of guards and visitors, and the events that people and the systems
around them record of it, at their true times. What devices send by themselves is in `devices`,
and what is lost, late or wrong on the way in `observe`. Effects of the plan change what happens
here; no column tells of them.
"""
