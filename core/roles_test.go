package core

import (
	"strings"
	"testing"
)

// asLogin is a login with the roles, in a project.
func asLogin(roles ...string) Login { return Login{Roles: roles, Project: true} }

func TestAllowedByDefault(t *testing.T) {
	zed, open, newest := releases(t, "21"), releases(t, "24 or later"), releases(t, "29")
	other := asLogin("backup-operators")
	for _, x := range []struct {
		op    Operation
		login Login
		r     Releases
		want  Answer
		why   string
	}{
		{OpDelete, asLogin("reader"), zed, AnswerYes, ""},
		{OpDelete, asLogin("reader"), open, AnswerUnknown, "before Cinder 29 any role of the project may delete a backup by default"},
		{OpDelete, asLogin("reader"), newest, AnswerNo,
			"since Cinder 29 it takes the role member by default to delete a backup, and this login has reader"},
		{OpDelete, asLogin("reader"), Releases{}, AnswerUnknown, "before Cinder 29"},
		{OpDelete, asLogin("member", "reader"), newest, AnswerYes, ""},
		{OpList, other, zed, AnswerYes, ""},
		{OpList, other, open, AnswerUnknown, "before Cinder 29"},
		{OpList, other, newest, AnswerNo, "this login has backup-operators"},
		{OpList, asLogin("reader"), newest, AnswerYes, ""},
		{OpExport, asLogin("manager", "member", "reader"), zed, AnswerNo,
			"only the role admin may export records, and this login has manager, member, reader"},
		{OpExport, asLogin("manager", "member", "reader"), newest, AnswerNo, "only the role admin"},
		{OpExport, asLogin("admin"), newest, AnswerYes, ""},
		{OpAllProjects, asLogin("member"), open, AnswerNo, "only the role admin may list all projects"},
		{OpList, Login{Roles: []string{"reader"}}, zed, AnswerNo, "for no project"},
		{OpList, Login{Roles: []string{"admin"}}, newest, AnswerYes, ""},
		{Operation("fly"), asLogin("admin"), newest, AnswerUnknown, "does not know"},
	} {
		a, why := Allowed(x.op, x.login, x.r, nil)
		if a != x.want || !strings.Contains(why, x.why) || (why == "") != (a == AnswerYes) {
			t.Errorf("%s, %v, %s: %s %q, want %s %q", x.op, x.login, x.r.Text(), a, why, x.want, x.why)
		}
	}
	if got := MayNot(asLogin("reader"), newest, nil); !strings.HasPrefix(got, "since Cinder 29 it takes the role member") {
		t.Error(got)
	}
	if got := MayNot(asLogin("admin"), Releases{}, nil); got != "" {
		t.Error(got)
	}
}

// The advice after a 403 names what the defaults ask for that the login has not.
func TestForbiddenNext(t *testing.T) {
	for _, x := range []struct {
		said   string
		writes bool
		login  Login
		r      string
		want   string
	}{
		{"", false, asLogin("backup-operators"), "24 or later",
			"have the role reader given to the login, which has backup-operators: since Cinder 29"},
		{"", true, asLogin("reader"), "", "have the role member given to the login, which has reader: since Cinder 29"},
		{"", true, asLogin("reader"), "21", "log in with a role that may do it"}, // the defaults let it: it is a policy, or an admin's
		{"", true, asLogin("member", "reader"), "29", "log in with a role that may do it"},
		{"", false, asLogin("admin"), "29", "ask who keeps the cloud's policy"},
		{"", false, Login{Roles: []string{"reader"}}, "29", "log in to a project"},
		{"Policy doesn't allow backup:backup-import to be performed.", true, asLogin("reader"), "29",
			"log in with the role admin, or ask one who has it: by default only the role admin may import records"},
		{"Policy doesn't allow backup:export-import to be performed.", false, asLogin("backup-operators"), "29",
			"log in with the role admin, or ask one who has it: by default only the role admin may export records"},
		{"Policy doesn't allow volume_extension:backup_admin_actions:force_delete to be performed.", true, asLogin("member"), "21",
			"log in with the role admin, or ask one who has it: by default only the role admin may force-delete"},
		{"Policy doesn't allow backup:backup-import to be performed.", true, asLogin("admin"), "29", "ask who keeps the cloud's policy"},
		{"Policy doesn't allow backup:delete to be performed.", true, asLogin("reader"), "29", "have the role member given"},
	} {
		if got := ForbiddenNext(x.said, x.writes, x.login, releases(t, x.r)); !strings.HasPrefix(got, x.want) {
			t.Errorf("%q %v %v %s: %q, want %q", x.said, x.writes, x.login, x.r, got, x.want)
		}
	}
}

func TestPolicy(t *testing.T) {
	p := &Policy{Path: "/etc/cinder/policy.yaml", Rules: map[string]string{
		"backup:create": "role:backup", "backup:delete": "rule:backup_admin", "backup_admin": "role:backup-admin or rule:admin_api",
		"backup:update": "(role:a and not role:b) or (role:C)", "backup:restore": "user_id:%(user_id)s", "backup:get_all": "",
		"backup:export-import": "rule:xena_system_admin_or_project_member", "loop": "rule:loop", "backup:backup-import": "rule:loop",
		"context_is_admin": "role:cloud-admin", "broken": "role:a and", "paren": "(role:a", "two": "role:a role:b", "nobody": "!", "all": "@",
		"target": "role:%(target.role)s", "project": "project_id:%(project_id)s and not is_admin:True", "scope": "system_scope:all",
	}}
	for _, x := range []struct {
		rule  string
		login Login
		want  Answer
	}{
		{"backup:create", asLogin("backup"), AnswerYes}, {"backup:create", asLogin("member"), AnswerNo},
		{"backup:delete", asLogin("backup-admin"), AnswerYes}, {"backup:delete", asLogin("admin"), AnswerYes},
		{"backup:delete", asLogin("member"), AnswerNo},
		{"backup:delete", asLogin("cloud-admin"), AnswerYes}, // is_admin is what context_is_admin says
		{"backup:update", asLogin("a"), AnswerYes}, {"backup:update", asLogin("a", "b"), AnswerNo},
		{"backup:update", asLogin("a", "b", "c"), AnswerYes},
		{"backup:restore", asLogin("admin"), AnswerUnknown}, {"backup:get_all", asLogin(), AnswerYes},
		{"backup:export-import", asLogin("member"), AnswerYes}, {"backup:export-import", asLogin("reader"), AnswerNo},
		{"backup:backup-import", asLogin("admin"), AnswerUnknown}, {"broken", asLogin("a"), AnswerUnknown},
		{"paren", asLogin("a"), AnswerUnknown},
		{"two", asLogin("a"), AnswerUnknown}, {"nobody", asLogin("admin"), AnswerNo}, {"all", asLogin(), AnswerYes},
		{"target", asLogin("a"), AnswerUnknown},
		{"project", asLogin("x"), AnswerYes}, {"project", asLogin("cloud-admin"), AnswerNo}, {"project", Login{}, AnswerNo},
		{"scope", asLogin("admin"), AnswerNo}, {"scope", Login{}, AnswerUnknown}, {"no such", asLogin("admin"), AnswerUnknown},
	} {
		if got := p.Allows(x.rule, x.login); got != x.want {
			t.Errorf("%s for %v: %s, want %s", x.rule, x.login, got, x.want)
		}
	}
	// It goes before the defaults, either way, and what it does not name goes by them.
	if a, why := Allowed(OpCreate, asLogin("member"), releases(t, "21"), p); a != AnswerNo ||
		!strings.Contains(why, "policy.yaml does not let") {
		t.Error(a, why)
	}
	if a, _ := Allowed(OpExport, asLogin("member"), releases(t, "29"), p); a != AnswerYes {
		t.Error(a)
	}
	if a, _ := Allowed(OpWriteVolume, asLogin("reader"), releases(t, "29"), p); a != AnswerNo {
		t.Error(a)
	}
	if a, why := Allowed(OpRestore, asLogin("member"), releases(t, "21"), p); a != AnswerUnknown || !strings.Contains(why, "more than roles") {
		t.Error(a, why)
	}
}
