"""Parts of pages that are large enough to stand alone."""
