"""Evidence that the stores agree: this room reads every store itself and trusts no account."""
