"""What people would put in the gateway's place: proxies, and the usual Python libraries put together by hand."""
