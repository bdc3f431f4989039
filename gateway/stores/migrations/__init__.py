"""The tables of the store, version by version. A version that has been released is never changed."""
