package core

import (
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
