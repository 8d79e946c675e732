"""Failed batches of the stream's consumers: found, and redelivered to the function that failed."""
