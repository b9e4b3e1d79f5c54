"""Log rows and artifact trees become events in Sigma's field names."""
