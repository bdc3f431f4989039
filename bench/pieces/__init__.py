"""What a lookup would cost without one of its pieces, so that the table says where the time goes."""
