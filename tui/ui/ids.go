package ui

// Texts are ids as texts, in which screens are opened for them.
func Texts[ID ~string](ids []ID) (out []string) {
	for _, id := range ids {
		out = append(out, string(id))
	}
	return out
}

// IDs are texts as ids again.
func IDs[ID ~string](texts []string) (out []ID) {
	for _, t := range texts {
		out = append(out, ID(t))
	}
	return out
}
