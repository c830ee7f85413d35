package repository

// SwiftOptions says how a Swift container is reached.
type SwiftOptions struct{}
