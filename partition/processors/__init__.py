"""The processors of one phone, and the cloud: which part of each layer runs where, and where the phone stops."""
