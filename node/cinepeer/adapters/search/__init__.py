"""The index of films by their words, in SQLite; it is made of records and can always be made anew."""
