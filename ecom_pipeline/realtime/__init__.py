"""One module per Lambda function: decode, decide, call AWS. domain, boto3 and msgspec only.

Delivery is at least once, so each function is idempotent: a retry writes the same keys.
"""
