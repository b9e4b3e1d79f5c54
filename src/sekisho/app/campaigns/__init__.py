"""The campaigns commands: a store of sightings, and what can be asked of it."""
