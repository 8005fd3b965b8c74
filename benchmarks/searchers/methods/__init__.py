"""Who tunes: rung's searchers and other tools, behind one interface; a module for each tool."""
