"""What arrives: event types, their frames, and the rules that accept or reject an event.

Pure: frames in, frames out. Reading bytes belongs to `vigia.ingest`, storing to `vigia.store`.
"""
