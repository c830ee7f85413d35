package repository

// S3Options says how an S3 bucket is reached.
type S3Options struct{}
