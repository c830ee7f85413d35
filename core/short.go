package core

// Short is the beginning of an id, as lists show it.
func Short[ID ~string](id ID) string {
	if len(id) > 8 {
		return string(id[:8])
	}
	return string(id)
}
