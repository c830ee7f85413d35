package tui

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store/memory"
	"hearth/store/storetest/race"
	"hearth/tui/ui"
)

// What is planted in the world of the screens. All begin alike, so that one word finds them.
const (
	plant = "Pl4nt" // in no text of hearth's own
	// Those of the login are known to hearth, and others repeat them.
	plantLogin = plant + "-loginpass"
	plantToken = plant + "-token-gAAAA"
	// Those of the data are masked by the names under which they stand.
	plantData = plant + "-data"
)

// plantedKeys are names of metadata that say that a secret stands there.
var plantedKeys = []string{"db_password", "api_token", "chap-secret", "SSH_KEY", "rootPasswd", "luks_passphrase"}

// plantIn puts secrets into metadata.
func plantIn(o *pyjson.Object, which string) *pyjson.Object {
	if o == nil {
		o = &pyjson.Object{}
	}
	o = o.Clone()
	for _, k := range plantedKeys {
		o.Set(k, pyjson.OfString(plantData+"-"+which+"-"+k))
	}
	return o
}

// planted is the demo's world with secrets wherever a world can hold them.
func planted(w memory.World) memory.World {
	w.Volumes, w.Backups, w.Captures = slices.Clone(w.Volumes), slices.Clone(w.Backups), slices.Clone(w.Captures)
	for i := range w.Volumes {
		v := &w.Volumes[i]
		v.Metadata, v.Image = plantIn(v.Metadata, "now"), plantIn(v.Image, "now")
		if v.Row != nil {
			v.Row = v.Row.Clone()
			v.Row.Set("provider_auth", pyjson.OfString("CHAP user "+plantData+"-chap-now"))
			v.Row.Set("replication_driver_data", pyjson.OfString(plantData+"-replication"))
		}
	}
	for i := range w.Backups {
		w.Backups[i].Metadata = plantIn(w.Backups[i].Metadata, "backup")
	}
	for i := range w.Captures {
		k := &w.Captures[i]
		o, err := pyjson.Parse(k.Capture.Text)
		if err != nil || o.Object() == nil {
			continue
		}
		doc := o.Object().Clone()
		which := fmt.Sprint("captured", i%3)
		for _, section := range []string{"volume-metadata", "volume-user-metadata", "volume-glance-metadata"} {
			if v, ok := doc.Get(section); ok && v.Object() != nil {
				doc.Set(section, pyjson.OfDict(plantIn(v.Object(), which)))
			}
		}
		if v, ok := doc.Get("volume-base-metadata"); ok && v.Object() != nil {
			base := v.Object().Clone()
			base.Set("provider_auth", pyjson.OfString("CHAP user "+plantData+"-chap-"+which))
			doc.Set("volume-base-metadata", pyjson.OfDict(base))
		}
		k.Capture = core.ReadCapture(pyjson.Text(pyjson.OfDict(doc)), k.Capture.Source)
	}
	return w
}

// plantWorld has every scene be one over the planted world, and an error of a place repeat
// the login's secrets.
func plantWorld(t *testing.T) {
	t.Helper()
	w, err := demoWorld()
	if err != nil {
		t.Fatal(err)
	}
	w = planted(w)
	was := demoWorld
	demoWorld, inMemory = func() (memory.World, error) { return w, nil }, true
	t.Cleanup(func() { demoWorld, inMemory = was, false })
	core.Hide(plantLogin, plantToken)
	for _, name := range []string{"TMUX", "DISPLAY", "WAYLAND_DISPLAY", "STY"} {
		t.Setenv(name, "")
	}
}

// elsewhere has what is written without a folder's name go to a folder of the test's own,
// from which the samples are found as from here.
func elsewhere(t *testing.T) string {
	t.Helper()
	samples, err := filepath.Abs(filepath.Join("..", "testdata"))
	if err != nil {
		t.Fatal(err)
	}
	above := t.TempDir()
	dir := filepath.Join(above, "tui")
	if err := errors.Join(os.Symlink(samples, filepath.Join(above, "testdata")), os.Mkdir(dir, 0o700)); err != nil {
		t.Skip("there are no links here: ", err)
	}
	t.Chdir(dir)
	return dir
}

// refusal is an error of a place in which others repeat what they were sent.
func refusal() error {
	return core.Fail(core.CodeUnavailable, "ask the cloud", core.Struck("Cinder says: cannot take X-Auth-Token: "+plantToken), "look there",
		errors.New("POST /v3/auth/tokens "+`{"password": "`+plantLogin+`"}`+" X-Subject-Token: "+plantToken))
}

// leaks finds plants in what a person sees, also where a line's end parts one.
func leaks(text string) string {
	text = ansi.Strip(text)
	joined := strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == ' ' || r == '│' }), "")
	for _, s := range []string{text, joined} {
		if at := strings.Index(s, plant); at >= 0 {
			return s[max(0, at-60):min(len(s), at+60)]
		}
	}
	return ""
}

// seenBy are the places of a rig at which a secret could be seen by whoever did not ask.
func (r *rig) leak() (where, what string) {
	v := r.View()
	if s := leaks(v.Content); s != "" {
		return "the screen", s
	}
	if s := leaks(v.WindowTitle); s != "" {
		return "the title", s
	}
	for _, n := range r.notes {
		if s := leaks(n.Text); s != "" {
			return "a note", s
		}
	}
	return "", ""
}

// asks is what shows secrets to whoever wants them, and what ends the program.
func asks(act *ui.Action) bool {
	return act.Name == "secrets" || act.Name == "quit" || act.Name == "suspend"
}

// TestSecretsStayMasked goes through every scene, and from each on by keys at random, over a
// world full of secrets and a place that fails and repeats the login: no screen, title,
// note, clipboard or file shows one, but what is asked for whole.
func TestSecretsStayMasked(t *testing.T) {
	race.Once(t)
	plantWorld(t)
	dir := elsewhere(t)
	steps := 25
	if testing.Short() {
		steps = 6
	}
	seed := uint64(14)
	pressed := map[string]int{}
	for _, s := range drawn() {
		t.Run(s.name, func(t *testing.T) {
			dice := rand.New(rand.NewPCG(seed, uint64(len(s.name))))
			r := s.make(t, 160, 45)
			var way []string
			for range steps {
				if where, what := r.leak(); where != "" {
					t.Fatalf("after %q %s shows …%s…\n%s", way, where, what, r.screenText())
				}
				key := r.anyKey(dice, pressed)
				way = append(way, key)
				if p, ok := quietly(r); ok && dice.IntN(4) == 0 {
					p.FailCall(1, refusal())
				}
				r.press(key)
			}
			r.sentNothing(t, way)
		})
	}
	if n := len(pressed); n < 60 && !testing.Short() {
		t.Errorf("only %d different actions were done", n)
	}
	t.Logf("%d actions of %d names, over %d scenes", total(pressed), len(pressed), len(drawn()))
	filesHold(t, dir)
}

func total(m map[string]int) (n int) {
	for _, k := range m {
		n += k
	}
	return n
}

// quietly is the rig's place in memory, if it is one.
func quietly(r *rig) (*memory.Place, bool) {
	switch p := r.desk.Place.(type) {
	case *memory.Place:
		return p, true
	case *cloud:
		return p.Cloud.Place, true
	}
	return nil, false
}

// anyKey is a key of what is on screen; a letter where a text is typed.
func (r *rig) anyKey(dice *rand.Rand, pressed map[string]int) string {
	keys := r.Keys()
	if len(keys) == 0 || dice.IntN(12) == 0 {
		return []string{"esc", "enter", "down", "a", "y"}[dice.IntN(5)]
	}
	if p, ok := r.Dialog().(*ui.PaletteBox); ok && slices.Contains([]string{"secrets", "quit", "suspend"}, p.Items[p.At].Hint) {
		return "esc"
	}
	if box, ok := r.Dialog().(*ui.InputBox); ok && strings.HasPrefix(box.Input.Value(), "hearth-") { // a file's name
		return "enter"
	}
	if dice.IntN(15) == 0 && slices.ContainsFunc(keys, func(a ui.Action) bool { return a.Name == "export-file" && a.Blocked() == "" }) {
		pressed["export-file"]++
		return "X"
	}
	for range 20 {
		act := keys[dice.IntN(len(keys))]
		if len(act.Keys) == 0 || asks(&act) || act.Blocked() != "" {
			continue
		}
		pressed[act.Name]++
		return act.Keys[0]
	}
	return "esc"
}

// sentNothing holds what was sent to the terminal's clipboard to what may be there: a
// capture or a record, which are copied whole by whoever wants them.
func (r *rig) sentNothing(t *testing.T, way []string) {
	t.Helper()
	for _, m := range r.sent {
		raw, ok := m.(tea.RawMsg)
		if !ok {
			continue
		}
		seq := strings.TrimSuffix(strings.TrimPrefix(fmt.Sprint(raw.Msg), "\x1b]52;c;"), "\x07")
		text, err := base64.StdEncoding.DecodeString(seq)
		if err != nil {
			text = []byte(seq)
		}
		if s := leaks(string(text)); s != "" && !carries(string(text)) {
			t.Errorf("after %q the clipboard has …%s…", way, s)
		}
	}
}

// carries reports whether a text is data as a whole, which carries what it carries: a
// capture, a record.
func carries(text string) bool {
	return strings.Contains(text, `"volume-base-metadata"`) || len(core.FindRecords(text)) > 0
}

// filesHold greps all files that the screens wrote, and looks at who may read them.
func filesHold(t *testing.T, dir string) {
	t.Helper()
	n := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		n++
		if s := leaks(string(text)); s != "" && !carries(string(text)) {
			t.Errorf("%s holds …%s…", path, s)
		}
		if info, err := d.Info(); err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s is of mode %v, %v", path, info.Mode(), err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if t.Logf("%d files were written", n); n == 0 {
		t.Error("no file was written")
	}
}

// TestSecretsAreShown: one key shows what is masked, and masks it again; two that differ
// are told apart without it.
func TestSecretsAreShown(t *testing.T) {
	plantWorld(t)
	r := newRig(t, remembered(t), 160, 45)
	r.send(ui.Open{Screen: "volume", ID: fullID(t, "volume", "db-prod-01")})
	r.want(core.Masked).wantNot(plant)
	r.press("*").want(plantData).press("*").wantNot(plant)
	for name, keys := range map[string][]string{"backup": {"=", "enter"}, "volume": {"=", "enter"}} {
		id := dbBackup
		if name == "volume" {
			id = "db-prod-01"
		}
		r := newRig(t, remembered(t), 160, 45)
		r.send(ui.Open{Screen: name, ID: fullID(t, name, id)})
		r.press(keys...).want(core.Masked+", changed", "db_password").wantNot(plant)
		r.press("*").want(plantData).wantNot(core.Masked + ", changed").press("*")
	}
	r = newRig(t, remembered(t), 160, 45)
	r.send(ui.Open{Screen: "backup", ID: fullID(t, "backup", dbBackup), Tab: "restore"})
	r.want(core.Masked + ", changed").wantNot(plant)
	r.press("P").want(core.Masked + ", changed").wantNot(plant)
}

// TestEditLeavesSecrets edits one property in a form that shows the others masked: they
// stay what they are, and the line for a shell, which would show them, is not offered.
func TestEditLeavesSecrets(t *testing.T) {
	plantWorld(t)
	r, c := onCloud(t, 120, 40)
	r.press("E").want(core.Masked, "db_password").wantNot(plant).press("tab", "tab").typeText(", more=x").press("enter")
	r.said(ui.LevelGood, "U takes it back").wantNot(plant)
	if text := r.lastNote().Text; strings.Contains(text, "In a shell") || strings.Contains(text, plant) {
		t.Errorf("it says %q", text)
	}
	page, err := c.Backups(t.Context(), core.Query{})
	if err != nil {
		t.Fatal(err)
	}
	edited := 0
	for i := range page.Rows {
		b, err := c.Backup(t.Context(), page.Rows[i].ID)
		if err != nil {
			t.Fatal(err)
		}
		if b.Metadata.Has("more") {
			edited++
		}
		for _, k := range plantedKeys {
			if v, _ := b.Metadata.Get(k); !strings.HasPrefix(v.Text(), plantData) {
				t.Errorf("%s of %s is %q now", k, b.Title(), v.Text())
			}
		}
	}
	if edited != 1 {
		t.Errorf("%d backups were edited", edited)
	}
}
