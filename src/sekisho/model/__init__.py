"""The nouns every room speaks in: frozen values, no behaviour beyond their own shape."""
