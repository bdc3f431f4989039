"""Business registration database (CSDLQG về đăng ký doanh nghiệp): contract, schema and recorded exchanges."""
