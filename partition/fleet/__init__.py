"""One network on several edge devices: who makes what, what moves between them, and what it costs.

A device *makes* elements of tensors. An element is *needed* by who makes something from it; it is *received* where it
is needed and not made, once for each tensor; and it is *sent* by who made it. The literature uses the names of the ways
to split a network for opposite things: here they are defined by what is split.
"""
