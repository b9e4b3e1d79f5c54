"""The pages: one file each, with a ``router``; texts are English, ``locale/`` has the Japanese."""
