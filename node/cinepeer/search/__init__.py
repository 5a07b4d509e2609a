"""Search (F1): how text is cut into words, and which words are near to a misspelt one."""
