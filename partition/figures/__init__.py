"""The paper's figures: as data, and as pictures."""
