"""Rules are loaded, checked and matched: events in, findings with evidence out."""
