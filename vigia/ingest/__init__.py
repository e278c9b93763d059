"""The library under every entrance: envelope, then the rules of the domain, then the store."""
