"""The only room that knows the others, the disk and the clock."""
