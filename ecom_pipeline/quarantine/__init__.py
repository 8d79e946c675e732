"""Records that were refused: find them, revalidate them, replay them."""
