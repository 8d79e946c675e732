"""AWS on a developer's machine: an emulator, a stream poller and a warehouse, kept in .local/.

Each is a separate process with the real wire protocol, so that code outside this package is the
same for the local AWS and for AWS.
"""
