"""Serves the Kinesis event source mappings of the local emulator as AWS Lambda would.

Belongs here: reading the stream, invoking the deployed function, retries, splitting, discarding,
checkpoints. What a function does with a record belongs in `realtime`; who starts this process is
`local`'s business. Keep this file empty of imports: `progress` must stay cheap to import.
"""
