package tui

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store/jobs"
	"hearth/store/memory"
	"hearth/themes"
	"hearth/tui/ui"
)

// The previews that a newcomer meets first, as they look: in the dark and the light
// theme and without colour, each file with its looks: cat shows them.

// preview of a restore on a cloud, with the repository of its captures or without.
type firstPreview struct {
	name    string
	backup  string
	keys    []string
	stocked bool   // what Cinder stored is known
	answer  string // how the first line begins
	strong  bool   // it is in the strongest look there is
}

var firstPreviews = []firstPreview{
	{"unknown", dbBackup, nil, false, "UNKNOWN: no capture of this backup is known", false},
	{"in-use", dbBackup, onto("db-prod-01"), true, "CANNOT: the volume is in-use by server web-1 as /dev/vdb", true},
	{"too-small", dbBackup, onto("web-root"), true, "CANNOT: the volume has 40 GiB, which is too small for a backup of 500 GiB", true},
	{"in-error", "74038449", nil, true, "CANNOT: the backup is error", true},
	{"data", dbBackup, onto("erp-oracle"), true, "1 LOST: maintenance", true},
	{"metadata-only", dbBackup, append([]string{"P"}, onto("erp-oracle")...), true, "1 LOST: maintenance", true},
	{"certain", dbBackup, nil, true, "8 FIELDS CHANGE", false},
}

// onto are the keys that choose a target.
func onto(volume string) []string { return join([]string{"t"}, letters(volume), []string{"enter"}) }

// open opens the preview over a cloud whose lists name everything.
func (x *firstPreview) open(t testing.TB, w, h int) *rig {
	t.Helper()
	world, err := demoWorld()
	if err != nil {
		t.Fatal(err)
	}
	world.Info = core.PlaceInfo{Location: "cloud:lab", Title: "lab", Kind: core.PlaceCloud, Rules: core.Newton,
		RulesWhy: "what every Cinder since Newton does"}
	world.Volumes = slices.Clone(world.Volumes)
	for i := range world.Volumes {
		switch v := &world.Volumes[i]; v.Name.Or("") {
		case "web-root":
			v.Status = core.StatusAvailable
		case "db-prod-01":
			v.Attachments = []core.Attachment{{Server: "web-1", Device: "/dev/vdb"}}
		case "erp-oracle (read only)":
			v.Metadata = &pyjson.Object{}
			v.Metadata.Set("owner", pyjson.OfString("finance"))
			v.Metadata.Set("maintenance", pyjson.OfString("window-7"))
		}
	}
	c := memory.NewCloud(world)
	c.Scoped(labScope)
	r := newRigWith(t, c, w, h, Options{}, func(d *jobs.Desk) {
		if x.stocked {
			d.Source = memory.NewRepository(world, nil)
		}
	})
	r.send(ui.Open{Screen: "backup", ID: fullID(t, "backup", x.backup), Tab: "restore"})
	return r.press(x.keys...)
}

// TestFirstPreviews: the first line is the answer, in the strongest look where
// something is lost or cannot be; without colour the words carry it.
func TestFirstPreviews(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {160, 45}} {
		for i := range firstPreviews {
			x := &firstPreviews[i]
			t.Run(fmt.Sprintf("%s.%dx%d", x.name, size[0], size[1]), func(t *testing.T) {
				r := x.open(t, size[0], size[1])
				for _, look := range []string{"dark", "light", "mono"} {
					theme, err := themes.Load(strings.Replace(look, "mono", "dark", 1))
					if err != nil {
						t.Fatal(err)
					}
					r.Paint(theme, look == "mono")
					frame := r.View().Content
					golden(t, fmt.Sprintf("preview/%s.%dx%d.%s.ansi", x.name, size[0], size[1], look), frame+"\n")
					const below = 3 // the title, the tabs, a line
					if line := strings.Split(r.screenText(), "\n")[below]; !strings.HasPrefix(strings.TrimSpace(line), x.answer) {
						t.Errorf("%s: the first line is %q, want %q", look, line, x.answer)
					}
					strong := ui.NewStyles(theme, look == "mono", "").Danger.Open
					if line := strings.Split(frame, "\n")[below]; strings.Contains(line, strong) != x.strong {
						t.Errorf("%s: the strongest look is not where it is to be: %q", look, line)
					}
				}
			})
		}
	}
}

// TestPreviewHeadsDiffer: the two previews of one backup onto one volume tell what each
// does to the data.
func TestPreviewHeadsDiffer(t *testing.T) {
	data := firstPreviews[4].open(t, 160, 45).want("data and metadata; all that is on it goes  onto erp-oracle").wantNot("its data stays")
	data.press("P").want("metadata only, by 1 call of the API; its data stays  onto erp-oracle").wantNot("all that is on it goes")
}

// TestBackupsEvidence: among a volume's backups stands of each what is known of its
// capture, as it does in its chain.
func TestBackupsEvidence(t *testing.T) {
	for id, want := range map[string]string{"db-prod-01": "as Cinder stored it", "bastion-root": "not known"} {
		r := newRig(t, sharedDemo(t), 140, 40)
		r.send(ui.Open{Screen: "volume", ID: fullID(t, "volume", id), Tab: "backups"})
		r.want("CAPTURE", want)
	}
}
