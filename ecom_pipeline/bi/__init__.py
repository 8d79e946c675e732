"""What people look at: the marts as rows, and in tableau/ and report/ what is made of them."""
