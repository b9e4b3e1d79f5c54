"""The lab: inert, labelled-synthetic cases with real file structures, and writers for those structures."""
