"""Generated sales with the real data set's columns, shape and anomalies, for demo and tests."""
