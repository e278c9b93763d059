"""From event frames to the files of a world: text, order, compression, hashes."""
