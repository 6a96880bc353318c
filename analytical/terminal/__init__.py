"""What the command lines share: options, one-line errors, files that are written whole or not at all, tables."""
