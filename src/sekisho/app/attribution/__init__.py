"""``sekisho attribute``: knowledge files in, weighed hypotheses out."""
