"""Workers on other machines: an agent stands on each, an engine places them, and they make one pool."""
