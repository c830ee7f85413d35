package core

import (
	"slices"
	"strings"
)

// newDefaults is since when the roles alone decide: before, the rules from before there were
// readers hold too, by which any role in a project may do what a member may (oslo.policy's
// enforce_new_defaults, which Cinder turned on with commit cd2a0c893).
var newDefaults = Since("29.0")

// OpList is what everything begins with: to see the backups and volumes of one's project.
const OpList Operation = "list backups and volumes"

// grant is what Cinder's policies say of an operation, in 21 to 29 (cinder/policies/).
type grant struct {
	policies []string // all of them are asked, in a policy.yaml too
	role     string   // that the defaults ask for: admin, member, reader
	anybody  bool     // who is for no project is let through as well: it is asked of no thing that has one
}

var grants = map[Operation]grant{
	OpList:        {policies: []string{"backup:get_all", "volume:get_all"}, role: "reader"},
	OpCreate:      {policies: []string{"backup:create"}, role: "member"},
	OpEdit:        {policies: []string{"backup:update"}, role: "member"},
	OpDelete:      {policies: []string{"backup:delete"}, role: "member"},
	OpRestore:     {policies: []string{"backup:restore"}, role: "member"},
	OpMakeVolume:  {policies: []string{"volume:create"}, role: "member", anybody: true},
	OpWriteVolume: {policies: []string{"volume:update", "volume:update_volume_metadata"}, role: "member"},
	OpExport:      {policies: []string{"backup:export-import"}, role: "admin"},
	OpImport:      {policies: []string{"backup:backup-import"}, role: "admin"},
	OpReset:       {policies: []string{"volume_extension:backup_admin_actions:reset_status"}, role: "admin"},
	OpForceDelete: {policies: []string{"volume_extension:backup_admin_actions:force_delete"}, role: "admin"},
	// Whose rows a list shows is no policy of its own: who is an admin sees all (cinder/api/v3/backups.py).
	OpAllProjects: {policies: []string{"context_is_admin"}, role: "admin"},
}

// Allowed is what is known before it is tried of whether a login may do something to what is
// its project's: AnswerNo where no release of the range lets it, by the policy where that is
// known and by the defaults else, AnswerUnknown where some do. Why is a clause, "" for
// AnswerYes.
func Allowed(op Operation, l Login, r Releases, p *Policy) (a Answer, why string) {
	g, ok := grants[op]
	if !ok {
		return AnswerUnknown, "hearth does not know its policy"
	}
	a = AnswerYes
	for _, name := range g.policies {
		one, because := g.byDefault(op, l, r, p)
		if p.Names(name) {
			one, because = p.Allows(name, l), "the policy "+Visible(p.Path)+" "
			if one == AnswerNo {
				because += "does not let " + l.Name() + " " + string(op) + " (" + name + ")"
			} else {
				because += "goes by more than roles (" + name + ")"
			}
		}
		if one == AnswerNo {
			return one, because
		}
		if one == AnswerUnknown && a == AnswerYes {
			a, why = one, because
		}
	}
	return a, why
}

// byDefault is [Allowed] by Cinder's own defaults.
func (g grant) byDefault(op Operation, l Login, r Releases, p *Policy) (Answer, string) {
	if p.Allows("admin_api", l) == AnswerYes {
		return AnswerYes, ""
	}
	if g.role == "admin" {
		return AnswerNo, "by default only the role admin may " + string(op) + ", and this login has " + l.roleList()
	}
	before := l.Project || g.anybody
	since := before && l.Has(g.role)
	needs := "the role " + g.role
	if !l.Project {
		needs += " in a project"
	}
	switch {
	case before && since:
		return AnswerYes, ""
	case !before && !since:
		return AnswerNo, "to " + string(op) + " takes " + needs + ", and " + l.Name() + " is for no project"
	case r.Has(newDefaults):
		return AnswerNo, "since Cinder 29 it takes " + needs + " by default to " + string(op) + ", and this login has " + l.roleList()
	case !r.MayHave(newDefaults):
		return AnswerYes, ""
	}
	return AnswerUnknown, "before Cinder 29 any role of the project may " + string(op) + " by default, since then it takes " + needs +
		", and this login has " + l.roleList()
}

// Name is the login for sentences.
func (l Login) Name() string { return "a login with " + l.roleList() }

// roleList is the roles of a login, those of Cinder first, for people.
func (l Login) roleList() string {
	if len(l.Roles) == 0 {
		return "no role"
	}
	var out []string
	for _, r := range []string{"admin", "manager", "member", "reader"} {
		if l.Has(r) {
			out = append(out, r)
		}
	}
	rest := slices.DeleteFunc(slices.Clone(l.Roles), func(r string) bool { return slices.Contains(out, r) })
	slices.Sort(rest)
	for _, r := range rest {
		out = append(out, Visible(r))
	}
	return strings.Join(out, ", ")
}

// MayNot says in a clause the first that the login may not do, or not in every release of the
// range: list, change, or what is an admin's; "" where it may do all that there is.
func MayNot(l Login, r Releases, p *Policy) string {
	for _, op := range []Operation{OpList, OpDelete, OpExport} {
		if a, why := Allowed(op, l, r, p); a != AnswerYes {
			return why
		}
	}
	return ""
}

// ForbiddenNext is what to do about the cloud's 403 to a login: what the defaults of the range
// ask for that it has not. Where what the cloud said names the policy of something that is an
// admin's, it is that; no other role would help.
func ForbiddenNext(said string, writes bool, l Login, r Releases) string {
	op, role := OpList, "reader"
	if writes {
		op, role = OpDelete, "member"
	}
	if one := adminsOwn(said); one != "" {
		op, role = one, "admin"
	}
	switch a, why := Allowed(op, l, r, nil); {
	case a == AnswerYes && l.Has("admin"):
		return "ask who keeps the cloud's policy: by default the role admin may"
	case role == "admin":
		return "log in with the role admin, or ask one who has it: " + why
	case a == AnswerYes:
		return "log in with a role that may do it: by default admin for records and states, member for the rest"
	case !l.Project:
		return "log in to a project: by default Cinder shows nothing to a role that is for none"
	}
	return "have the role " + role + " given to the login, which has " + l.roleList() +
		": since Cinder 29 (2026.2) its defaults want reader to see, member to change, and admin for records and states"
}

// adminsOwn is the operation of an admin's whose policy a refusal names ("Policy doesn't allow
// backup:backup-import to be performed."); "" where it names none.
func adminsOwn(said string) Operation {
	words := strings.Fields(said)
	for op, g := range grants {
		if g.role == "admin" && slices.ContainsFunc(g.policies, func(p string) bool { return slices.Contains(words, p) }) {
			return op
		}
	}
	return ""
}
