"""One module per Lambda function: decode, decide, call AWS. domain, boto3 and msgspec only.

Delivery is at least once, so each function chooses keys that make a retry change nothing.
"""
