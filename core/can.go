package core

import "hearth/core/pyjson"

// Answer is yes, no, or that it is not known.
type Answer string

const (
	AnswerYes     Answer = "yes"
	AnswerNo      Answer = "no"
	AnswerUnknown Answer = "unknown"
)

// Reason is why a restore cannot be done, or why it is not known whether it can.
type Reason struct {
	Code   string   // for machines: the Reason constants, and those of whoever adds to them
	Answer Answer   // AnswerNo or AnswerUnknown
	Text   string   // for people; no capital, no full stop
	Next   string   // what to do, one of the Do constants where each face has its own way; "" where there is nothing to say
	With   []string // what that is to be done with; nil: nothing
}

// Fail is the error of what the reason stands against: it says to do the same.
func (r Reason) Fail(code Code, tried, what string) *Error {
	err := Fail(code, tried, what, r.Next, nil)
	err.With = r.With
	return err
}

// The codes of the reasons that core itself can know; a place adds its own.
const (
	ReasonRefused      = "refused"        // the rules' own refusal: the plan's error
	ReasonLayerRefuses = "layer-refuses"  // a layer does, in some of the states the volume may be in by then
	ReasonLayerUnknown = "layer-unknown"  // a layer that nobody has could
	ReasonLayerAssumed = "layer-assumed"  // a layer could of which it is taken for granted what was captured
	ReasonImageKeys    = "image-keys"     // two image keys of a capture are the same to the database
	ReasonNothingKnown = "nothing-to-put" // there is neither a backup nor a capture
	ReasonAPIRefuses   = "api-refuses"    // of the metadata alone: the API would not take a field
)

// Can says whether a restore can be carried through. The zero Can says yes.
type Can struct {
	Reasons []Reason // those for no first, else in the order in which they were added
}

// Add adds a reason; one that is there already, code and text, is not added again.
func (c *Can) Add(r Reason) {
	at := len(c.Reasons)
	for i, have := range c.Reasons {
		if have.Code == r.Code && have.Text == r.Text {
			return
		}
		if at == len(c.Reasons) && r.Answer == AnswerNo && have.Answer != AnswerNo {
			at = i
		}
	}
	// A slice of its own: plans are copied, and share what they hold.
	reasons := append([]Reason(nil), c.Reasons[:at]...)
	reasons = append(reasons, r)
	c.Reasons = append(reasons, c.Reasons[at:]...)
}

// Can has the reasons in a face's own words.
func (m Idiom) Can(c Can) Can {
	out := Can{Reasons: append([]Reason(nil), c.Reasons...)}
	for i := range out.Reasons {
		r := &out.Reasons[i]
		r.Next = m.Next(r.Next, r.With...)
	}
	return out
}

// Answer is no where one reason says so, unknown where one does, else yes.
func (c Can) Answer() Answer {
	answer := AnswerYes
	for _, r := range c.Reasons {
		if r.Answer == AnswerNo {
			return AnswerNo
		}
		answer = AnswerUnknown
	}
	return answer
}

// Object is the answer as JSON.
func (c Can) Object() *pyjson.Object {
	o := &pyjson.Object{}
	o.Set("answer", pyjson.OfString(string(c.Answer())))
	var reasons []pyjson.Value
	for _, r := range c.Reasons {
		e := &pyjson.Object{}
		e.Set("code", pyjson.OfString(r.Code))
		e.Set("answer", pyjson.OfString(string(r.Answer)))
		e.Set("text", plainForm(pyjson.OfString(r.Text)))
		e.Set("next", plainForm(pyjson.OfString(r.Next)))
		reasons = append(reasons, pyjson.OfDict(e))
	}
	o.Set("reasons", pyjson.OfList(reasons))
	return o
}

// Pitfall is something that goes wrong in some releases of Cinder, or with some client,
// and fits what is about to be done: no reason against it, and to be known before.
type Pitfall struct {
	Code string // for machines: the Pitfall constants
	Text string // for people, with the releases that do so; no capital, no full stop
	Next string // what to do about it
	Sure bool   // every release that the place may be of does so
	Bug  string // where it is told of: "bug 1952805" of Cinder, "commit 7c9d114e0" where it has no number
}

// Object is the pitfall as JSON: code, text, next, certain and bug.
func (p Pitfall) Object() *pyjson.Object {
	o := &pyjson.Object{}
	o.Set("code", pyjson.OfString(p.Code))
	o.Set("text", plainForm(pyjson.OfString(p.Text)))
	o.Set("next", pyjson.OfString(p.Next))
	o.Set("certain", pyjson.OfBool(p.Sure))
	o.Set("bug", pyjson.OfString(p.Bug))
	return o
}

// String is the pitfall as a warning.
func (p Pitfall) String() string { return p.Text + " (" + p.Bug + "); " + p.Next }
