package core

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestEncryptedByPlan: where the captures tell that the type is another than that of the
// encrypted source, nothing says beside it that it is not known whether it is encrypted.
func TestEncryptedByPlan(t *testing.T) {
	refusal := &PlanError{CinderError: CinderError{Kind: ErrEncryptedTypeMismatch, Message: "other types"}}
	plan := &Plan{Error: refusal}
	plan.Can.Add(Reason{Code: ReasonRefused, Answer: AnswerNo, Text: "it stops"})
	for name, plain := range map[string]Fact[bool]{"shown": Knows(false), "hidden": NotKnown[bool]("members do not see it")} {
		f := RestoreFacts{Backup: Knows(Backup{Status: StatusAvailable}), Encrypted: NotKnown[bool]("the API hides it"),
			NeedType: Knows("luks"), TargetType: Knows("plain"), TypeEncrypted: plain}
		if can := f.Can(); !saysNotKnown(can) {
			t.Errorf("%s, without a plan: %+v", name, can)
		}
		f.Plan = plan
		can := f.Can()
		if can.Answer() != AnswerNo || saysNotKnown(can) {
			t.Errorf("%s: %+v", name, can)
		}
		if plain.Known && (can.Reasons[0].Code != ReasonEncryptedType || !strings.Contains(can.Reasons[0].Next, "luks")) {
			t.Errorf("%s: it is not told in plain words: %+v", name, can)
		}
	}
}

func saysNotKnown(can Can) bool {
	return slices.ContainsFunc(can.Reasons, func(r Reason) bool { return strings.Contains(r.Text, "whether the backup is encrypted") })
}

// TestDriverGone: a row whose driver no release of the place has is not restored, and the
// way out is named; where one of them may still have it, that is not known.
func TestDriverGone(t *testing.T) {
	for _, x := range []struct {
		service, releases string
		want              Answer
		next              string
	}{
		{"cinder.backup.services.swift", "13", AnswerYes, ""},
		{"cinder.backup.services.swift", "13 to 14", AnswerUnknown, DoUnderToday},
		{"cinder.backup.services.swift", "14", AnswerNo, "under cinder.backup.drivers.swift.SwiftBackupDriver"},
		{"cinder.backup.drivers.tsm.TSMBackupDriver", "17", AnswerYes, ""},
		{"cinder.backup.drivers.tsm", "17 to 18", AnswerUnknown, "dsmc restore"},
		{"cinder.backup.drivers.tsm.TSMBackupDriver", "18 or later", AnswerNo, "dsmc restore"},
		{"cinder.backup.drivers.swift.SwiftBackupDriver", "29", AnswerYes, ""},
	} {
		r, err := ParseReleases(x.releases)
		if err != nil {
			t.Fatal(err)
		}
		f := RestoreFacts{Backup: Knows(Backup{Status: StatusAvailable}), Driver: Knows(x.service), Releases: r,
			Request: RestoreRequest{Volume: "v"}, Target: &Volume{ID: "v", Status: StatusAvailable}, Chain: Knows(Chain{}), Encrypted: Knows(false)}
		can := f.Can()
		if can.Answer() != x.want ||
			x.want != AnswerYes && (can.Reasons[0].Code != ReasonDriverGone || !strings.Contains(can.Reasons[0].Next, x.next)) {
			t.Errorf("%s in Cinder %s: %+v", x.service, x.releases, can)
		}
	}
}

// TestServicesNext: what is down is to be started, what is disabled to be enabled, which
// Cinder does not do from 28.0 on.
func TestServicesNext(t *testing.T) {
	down, disabled := BackupService{Host: "alpha", Enabled: true}, BackupService{Host: "beta", Up: true}
	const stays = ", and see that it is: %s answers so and leaves it disabled, until its row in the table services is changed"
	for _, x := range []struct {
		releases string
		services []BackupService
		next     string
	}{
		{"27", []BackupService{down}, "start cinder-backup there"},
		{"29", []BackupService{down}, "start cinder-backup there"},
		{"24 to 27", []BackupService{disabled}, "enable cinder-backup there"},
		{"24 or later", []BackupService{disabled}, "enable cinder-backup there" + fmt.Sprintf(stays, "Cinder from 28.0 on")},
		{"28 to 29", []BackupService{disabled}, "enable cinder-backup there" + fmt.Sprintf(stays, "this Cinder")},
		{"27", []BackupService{disabled, down}, "start cinder-backup there, or enable it"},
		{"28", []BackupService{down, disabled}, "start cinder-backup there, or enable it" + fmt.Sprintf(stays, "this Cinder")},
	} {
		r, err := ParseReleases(x.releases)
		if err != nil {
			t.Fatal(err)
		}
		f := RestoreFacts{Backup: Knows(Backup{Status: StatusAvailable}), Driver: Knows(swiftClass), Services: Knows(x.services), Releases: r,
			Request: RestoreRequest{Volume: "v"}, Target: &Volume{ID: "v", Status: StatusAvailable}, Chain: Knows(Chain{}), Encrypted: Knows(false)}
		if can := f.Can(); can.Answer() != AnswerNo || can.Reasons[0].Code != ReasonServiceDown || can.Reasons[0].Next != x.next {
			t.Errorf("Cinder %s, %+v: %+v", x.releases, x.services, can)
		}
	}
}
