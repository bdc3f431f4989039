"""Budget codes (mã số đơn vị có quan hệ với ngân sách): contract, schemas and exchanges, all of them assumed."""
