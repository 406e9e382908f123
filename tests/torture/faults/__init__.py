"""Everything that an authority, or what stands before it, can say wrongly: a table, row by row a test."""
