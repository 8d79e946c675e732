"""The lake: raw objects, CSV partitions with their manifests, and the Glue catalog over them."""
