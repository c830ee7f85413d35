package core

import (
	"errors"
	"strings"
)

// Code sorts errors for machines: each has an exit code of its own in the verbs
// and decides what the screens offer next.
type Code string

const (
	CodeInternal    Code = "internal"    // a defect of hearth's
	CodeUsage       Code = "usage"       // the call itself is wrong
	CodeNotFound    Code = "not-found"   // no such volume, backup, entry, file or place
	CodeAmbiguous   Code = "ambiguous"   // a prefix or name that fits several
	CodeConflict    Code = "conflict"    // it is no longer what the plan was made from
	CodeRefused     Code = "refused"     // Cinder's rules, or hearth's, do not allow it
	CodeReadOnly    Code = "read-only"   // the place is not open for writing
	CodeUnreadable  Code = "unreadable"  // a file, capture or record that is not what it should be
	CodeUnavailable Code = "unavailable" // locked, down, out of reach: try again
	CodeDenied      Code = "denied"      // credentials or roles
	CodePartial     Code = "partial"     // some of many were done
	CodeCancelled   Code = "cancelled"   // by the user
	CodeUnsupported Code = "unsupported" // this kind of place cannot do it
	CodeUncertain   Code = "uncertain"   // it is shown, and not all of it is certain
	CodeIncomplete  Code = "incomplete"  // what was read is not whole, as a list that ended early
)

// Error is a failure told so that a person can act: what was tried, what went
// wrong, what to do next, in one sentence; the cause is kept for whoever asks.
type Error struct {
	Code  Code
	Tried string // "open /x/y.sqlite"; no capital, no full stop
	What  string // "it is no SQLite database"
	Next  string // "name another file"; one of the Do constants where each face has its own way; "" where there is nothing to say
	Cause error  // nil, or what lies beneath
	// With is what Next is to be done with, for a face that says it in its own words; nil: nothing.
	With []string
	// Lands says that a change was asked for and no answer came that tells what became
	// of it: it may yet take effect, as where a proxy gave up and the service goes on.
	Lands bool
}

// Error is the sentence, without its full stop: "cannot TRIED: WHAT; NEXT".
func (e *Error) Error() string {
	var b strings.Builder
	if e.Tried != "" {
		b.WriteString("cannot " + e.Tried + ": ")
	}
	b.WriteString(e.What)
	if e.Next != "" {
		b.WriteString("; " + e.Next)
	}
	return Visible(Struck(b.String()))
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Fail makes an [Error]. Secrets that are known are struck out of what it says ([Struck]):
// parts of it are in others' words.
func Fail(code Code, tried, what, next string, cause error) *Error {
	return &Error{Code: code, Tried: Struck(tried), What: Struck(what), Next: Struck(next), Cause: cause}
}

// MayLand reports whether a failure, or one beneath it, leaves a change that may yet
// take effect.
func MayLand(err error) bool {
	for e := (*Error)(nil); errors.As(err, &e); err = e.Cause {
		if e.Lands {
			return true
		}
	}
	return false
}

// CodeOf returns the code of the first [Error] in err's chain, CodeInternal for
// any other error, and "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return CodeInternal
}

// Causes lists what lies beneath err, outermost first, without the sentence
// itself and without what the line before ends in; empty where there is nothing
// more to know.
func Causes(err error) []string {
	var out []string
	for err = errors.Unwrap(err); err != nil; err = errors.Unwrap(err) {
		text := Visible(Struck(err.Error()))
		if len(out) == 0 || !strings.HasSuffix(out[len(out)-1], text) {
			out = append(out, text)
		}
	}
	return out
}
