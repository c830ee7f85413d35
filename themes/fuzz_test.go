package themes

import "testing"

// FuzzTheme: a theme is taken with each of its roles, or refused.
func FuzzTheme(f *testing.F) {
	for _, name := range Names() {
		body, err := files.ReadFile(name + ".toml")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(body))
	}
	f.Fuzz(func(t *testing.T, text string) {
		theme, err := parse("fuzz", text)
		if err != nil {
			return
		}
		for _, r := range Roles {
			if _, ok := theme.Roles[r.Name]; !ok {
				t.Errorf("%q is taken, and has no %s", text, r.Name)
			}
		}
	})
}
