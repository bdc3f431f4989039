"""Construction permits (giấy phép xây dựng): contract, schema and exchanges, all of them assumed."""
