"""What plans decided and what officers did, remembered without anybody's data, and the measures that follow from it."""
