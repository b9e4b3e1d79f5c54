"""One file per way out: the only writing to outside."""
