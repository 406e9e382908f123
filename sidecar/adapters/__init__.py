"""What touches the world: the authority, the two directories, the log. Siblings never meet here."""
