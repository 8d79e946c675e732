"""Serves the emulator's Kinesis event source mappings as AWS Lambda does.

Belongs here: reading the stream, invoking the deployed function, retries, bisecting, discarding,
checkpoints. Not here: what a function does with a record (`realtime`), starting this process
(`local.stack`). Keep this file without imports: `progress` must stay cheap to import.
"""
