package tui

import (
	"context"

	"hearth/core"
	"hearth/tui/ui"
)

// Passcodes brings the questions of logins for one-time passcodes to the screens.
type Passcodes struct{ asked chan ui.Secret }

// NewPasscodes makes one for [Options] and for whoever opens places.
func NewPasscodes() *Passcodes { return &Passcodes{make(chan ui.Secret)} }

// Ask asks the user and waits for the answer, or until ctx ends. "" is that none was given.
func (p *Passcodes) Ask(ctx context.Context, of core.Passcode) (string, error) {
	answer := make(chan string, 1)
	q := ui.Secret{Title: "One-time passcode", Text: of.Question(), Answer: func(text string, _ bool) { answer <- text }}
	select {
	case p.asked <- q:
	case <-ctx.Done():
		return "", ctx.Err()
	}
	select {
	case text := <-answer:
		return text, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

func (p *Passcodes) questions() <-chan ui.Secret {
	if p == nil {
		return nil
	}
	return p.asked
}
