package verbs

import (
	"bytes"
	"fmt"
	"html"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"hearth/core"
	"hearth/store"
)

// browser is a Chromium without a window, "" where there is none.
func browser() string {
	for _, name := range []string{os.Getenv("HEARTH_TEST_BROWSER"), "chromium-headless-shell", "chromium", "chromium-browser",
		"google-chrome"} {
		if path, err := exec.LookPath(name); err == nil && name != "" {
			return path
		}
	}
	return ""
}

// TestReportInBrowser opens a report in a real browser: it complains of nothing, mends
// nothing of the page, loads nothing, and shows names that are markup as text.
func TestReportInBrowser(t *testing.T) {
	program := browser()
	if program == "" {
		t.Skip("there is no Chromium: HEARTH_TEST_BROWSER names one; it is in Debian's package chromium-headless-shell")
	}
	const evil = `<script>document.title='taken';console.log('taken')</script><img src=x onerror=alert(2)><svg onload=alert(3)>` +
		`</td></table><style>*{display:none}</style>"'&amp;]]>--><!--` + "\x1b[31m\u202e"
	quoted := "'" + strings.ReplaceAll(evil, "'", "''") + "'"
	b, file := demo(t, store.World{Volumes: 5, Backups: 40})
	change(t, file, "UPDATE volumes SET display_name = "+quoted,
		"UPDATE backups SET status = 'error', updated_at = '2036-01-01 00:00:00', fail_reason = 'why ' || "+quoted+", display_name = "+quoted+
			", project_id = "+quoted+" WHERE id IN (SELECT id FROM backups WHERE deleted = 0 LIMIT 3)")
	page := b.ok("report", "-o", "html")
	open := func(page string) (dom, talk string) {
		t.Helper()
		name := filepath.Join(t.TempDir(), "report.html")
		if err := os.WriteFile(name, []byte(page), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
			"--user-data-dir="+t.TempDir(), "--enable-logging=stderr", "--timeout=60000", "--dump-dom", "file://"+name)
		cmd.WaitDelay = time.Minute
		var out, err bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &err
		if failed := cmd.Run(); failed != nil || !strings.Contains(out.String(), "</html>") {
			t.Skipf("%s shows no page here: %v: %s", program, failed, err.String())
		}
		for line := range strings.Lines(err.String()) {
			if strings.Contains(line, "CONSOLE") {
				talk += line
			}
		}
		return out.String(), talk
	}
	dom, talk := open(page)
	if talk != "" {
		t.Errorf("the browser says\n%s", talk)
	}
	if want, got := elements(page), elements(dom); !maps.Equal(want, got) {
		t.Errorf("the page has the elements %v, and the browser shows %v", want, got)
	}
	title := regexp.MustCompile(`<title>(.*?)</title>`).FindStringSubmatch(dom)
	text := html.UnescapeString(dom)
	if strings.Count(text, core.Visible(evil)) < 6 || len(title) < 2 || !strings.HasPrefix(title[1], "Backups of ") {
		t.Errorf("the names are there %d times as text, and the title is %q", strings.Count(text, core.Visible(evil)), title)
	}
	// The same page with a name as it is: were it not escaped, this would show.
	taken, talk := open(strings.Replace(page, "<h2>Projects</h2>", "<h2>Projects</h2>"+evil, 1))
	if maps.Equal(elements(page), elements(taken)) || talk == "" {
		t.Errorf("a page with a tenant's markup looks as one without: %q", talk)
	}
}

// elements counts the tags of a page that begin an element, with the names of their attributes.
func elements(page string) map[string]int {
	out := map[string]int{}
	for _, tag := range regexp.MustCompile(`<[A-Za-z](?:[^>"']|"[^"]*"|'[^']*')*>`).FindAllString(page, -1) {
		name := strings.ToLower(regexp.MustCompile(`^[A-Za-z0-9]+`).FindString(tag[1:]))
		if name == "tbody" { // a browser adds it to each table
			continue
		}
		var has []string
		for _, a := range regexp.MustCompile(`\s([A-Za-z:-]+)\s*=`).FindAllStringSubmatch(tag, -1) {
			has = append(has, strings.ToLower(a[1]))
		}
		slices.Sort(has)
		out[fmt.Sprint(name, has)]++
	}
	return out
}
