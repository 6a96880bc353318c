"""Results as people read them; only what is here imports rich, and commands import it only to print."""
