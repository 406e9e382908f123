"""Is there a valid token whenever an app looks? Months of virtual life in a storm, beside what others do."""
