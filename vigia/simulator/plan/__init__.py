"""What is made to happen in a world: episodes, frauds, failures, and their innocent look-alikes.

Belongs here: which scope, when, and by which effect. How an effect shows is in the processes
(`world`, `field`, `devices`, `desk`, `observe`); what came of it is in `label`, which judges the
facts and not these intentions. All of it lies in the test span; the learning span stays natural.
"""
