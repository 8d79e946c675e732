"""AWS on your machine: an emulator, a stream poller and a warehouse, kept in .local/.

Each is a process of its own behind its real wire protocol. Nothing outside this room knows that
it is not AWS.
"""
