"""Population statistics (thống kê tổng hợp về dân số): contract, schema and exchanges, all of them assumed."""
