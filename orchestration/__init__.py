"""When and with what: jobs, schedules, sensors and resources around the assets.

Nothing here computes; loading it reads no environment and opens no connection.
"""
