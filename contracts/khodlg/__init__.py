"""The national portal's store of digital results (kho kết quả số): contract, schema and recorded exchanges."""
