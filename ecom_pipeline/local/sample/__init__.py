"""Made-up sales with the columns, shape and dirt of the real data set: for demo and tests."""
