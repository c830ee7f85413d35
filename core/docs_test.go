package core_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// linked is a link or a picture of Markdown, without those of other sites.
var linked = regexp.MustCompile(`\]\(([^)\s]+)\)`)

// anchors are the headings of a page, as GitHub makes anchors of them.
func anchors(page string) map[string]bool {
	out, fenced := map[string]bool{}, false
	for l := range strings.Lines(page) {
		if strings.HasPrefix(l, "```") {
			fenced = !fenced
		}
		if fenced || !strings.HasPrefix(l, "#") {
			continue
		}
		var b strings.Builder
		for _, r := range strings.ToLower(strings.TrimSpace(strings.TrimLeft(l, "#"))) {
			switch {
			case r == ' ':
				b.WriteByte('-')
			case r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z':
				b.WriteRune(r)
			}
		}
		out[b.String()] = true
	}
	return out
}

// TestPagesLink: whatever a page of the project links to is there, down to the heading, and
// every page can be reached from the README.
func TestPagesLink(t *testing.T) {
	root := ".."
	seen := map[string]bool{}
	var read func(page string)
	read = func(page string) {
		if seen[page] {
			return
		}
		seen[page] = true
		text, err := os.ReadFile(filepath.Join(root, page))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range linked.FindAllStringSubmatch(string(text), -1) {
			if strings.Contains(m[1], "://") || strings.HasPrefix(m[1], "mailto:") {
				continue
			}
			path, anchor, _ := strings.Cut(m[1], "#")
			to := page
			if path != "" {
				to = filepath.ToSlash(filepath.Join(filepath.Dir(page), path))
			}
			there, err := os.ReadFile(filepath.Join(root, to))
			if info, e := os.Stat(filepath.Join(root, to)); e == nil && info.IsDir() {
				err = nil
			}
			if err != nil || anchor != "" && !anchors(string(there))[anchor] {
				t.Errorf("%s links to %s, which is not there", page, m[1])
				continue
			}
			if strings.HasSuffix(to, ".md") {
				read(to)
			}
		}
	}
	read("README.md")
	if text, err := os.ReadFile(filepath.Join(root, "README.md")); err != nil || strings.Count(string(text), "\n") > 250 {
		t.Errorf("the README is a page to begin with, of 250 lines at most: %d, %v", strings.Count(string(text), "\n"), err)
	}
	pages, err := filepath.Glob(filepath.Join(root, ".github", "*.md"))
	if err != nil || len(pages) < 10 {
		t.Fatalf("pages: %d, %v", len(pages), err)
	}
	for _, p := range pages {
		rel, _ := filepath.Rel(root, p)
		if rel = filepath.ToSlash(rel); !seen[rel] && filepath.Base(rel) != "PULL_REQUEST_TEMPLATE.md" {
			t.Errorf("no page that the README leads to links to %s", rel)
		}
	}
}
