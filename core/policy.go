package core

import (
	"regexp"
	"strings"
)

// Login is what a policy goes by: the roles of a token, and what it is for.
type Login struct {
	Roles   []string // in lower case
	Project bool     // it is for a project, whose own things are asked for
}

// Has reports whether the login has the role.
func (l Login) Has(role string) bool {
	for _, r := range l.Roles {
		if r == role {
			return true
		}
	}
	return false
}

// Policy is what a policy.yaml says, in the language of oslo.policy (oslo_policy/_parser.py,
// _checks.py). A rule that it does not name goes by Cinder's defaults; one that it names goes
// by it alone, without the defaults of older releases.
type Policy struct {
	Path  string // where it was read, for people
	Rules map[string]string
}

// baseRules are Cinder's own rules that others are made of (cinder/policies/base.py). They
// are the same in 21 to 29.
var baseRules = map[string]string{
	"context_is_admin":                    "role:admin",
	"admin_api":                           "is_admin:True or (role:admin and is_admin_project:True)",
	"admin_or_owner":                      "is_admin:True or (role:admin and is_admin_project:True) or project_id:%(project_id)s",
	"xena_system_admin_or_project_reader": "(rule:admin_api) or (role:reader and project_id:%(project_id)s)",
	"xena_system_admin_or_project_member": "(rule:admin_api) or (role:member and project_id:%(project_id)s)",
}

// Names reports whether the policy has a rule of the name.
func (p *Policy) Names(name string) bool {
	if p == nil {
		return false
	}
	_, ok := p.Rules[name]
	return ok
}

// Allows is whether a rule lets a login do something to what is its own project's.
// AnswerUnknown where it asks for what hearth does not know of the login.
func (p *Policy) Allows(name string, l Login) Answer { return p.rule(name, l, 0) }

// deepestRule is how many rules may name each other: a circle ends there.
const deepestRule = 20

func (p *Policy) rule(name string, l Login, depth int) Answer {
	var text string
	ok := false
	if p != nil {
		text, ok = p.Rules[name]
	}
	if !ok {
		text, ok = baseRules[name]
	}
	if !ok || depth > deepestRule {
		return AnswerUnknown
	}
	r := rule{of: p, login: l, depth: depth, tokens: policyToken.FindAllString(text, -1)}
	if len(r.tokens) == 0 { // an empty rule lets everybody
		return AnswerYes
	}
	a := r.either()
	if r.broken || len(r.tokens) > 0 {
		return AnswerUnknown
	}
	return a
}

// policyToken is a parenthesis, or whatever stands between blanks and those. The target's
// fields have a pair of their own: %(project_id)s.
var policyToken = regexp.MustCompile(`(?:%\(\w+\)s|[^\s()])+|[()]`)

// rule is a text that is being read.
type rule struct {
	of     *Policy
	login  Login
	depth  int
	tokens []string
	broken bool
}

// take takes a word, in any case of letters, if it comes next.
func (r *rule) take(word string) bool {
	if len(r.tokens) == 0 || !strings.EqualFold(r.tokens[0], word) {
		return false
	}
	r.tokens = r.tokens[1:]
	return true
}

func (r *rule) either() Answer {
	a := r.both()
	for r.take("or") {
		a = either(a, r.both())
	}
	return a
}

func (r *rule) both() Answer {
	a := r.not()
	for r.take("and") {
		a = negated(either(negated(a), negated(r.not())))
	}
	return a
}

func (r *rule) not() Answer {
	if r.take("not") {
		return negated(r.not())
	}
	if r.take("(") {
		a := r.either()
		r.broken = r.broken || !r.take(")")
		return a
	}
	if len(r.tokens) == 0 {
		r.broken = true
		return AnswerUnknown
	}
	word := r.tokens[0]
	r.tokens = r.tokens[1:]
	return r.check(word)
}

// check is one check. project_id is that of the thing that is asked for, which is the
// login's own project's.
func (r *rule) check(word string) Answer {
	kind, match, _ := strings.Cut(word, ":")
	switch {
	case word == "@":
		return AnswerYes
	case word == "!":
		return AnswerNo
	case kind == "rule":
		return r.of.rule(match, r.login, r.depth+1)
	case kind == "role" && !strings.Contains(match, "%("):
		return answerOf(r.login.Has(strings.ToLower(match)))
	case word == "is_admin:True" || word == "is_admin:1":
		return r.of.rule("context_is_admin", r.login, r.depth+1)
	case word == "is_admin:False" || word == "is_admin:0":
		return negated(r.of.rule("context_is_admin", r.login, r.depth+1))
	case word == "is_admin_project:True": // so it is unless Keystone has a project for admins
		return AnswerYes
	case word == "project_id:%(project_id)s":
		return answerOf(r.login.Project)
	case word == "system_scope:all":
		if r.login.Project {
			return AnswerNo
		}
	}
	return AnswerUnknown
}

func answerOf(yes bool) Answer {
	if yes {
		return AnswerYes
	}
	return AnswerNo
}

func either(a, b Answer) Answer {
	switch {
	case a == AnswerYes || b == AnswerYes:
		return AnswerYes
	case a == AnswerNo && b == AnswerNo:
		return AnswerNo
	}
	return AnswerUnknown
}

func negated(a Answer) Answer {
	switch a {
	case AnswerYes:
		return AnswerNo
	case AnswerNo:
		return AnswerYes
	}
	return AnswerUnknown
}
