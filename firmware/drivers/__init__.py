"""One chip or module a file. A driver is handed its bus and knows nothing of the rest."""
