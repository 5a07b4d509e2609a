"""Where people and programs meet the node: command line and HTTP. Parsing and showing only."""
