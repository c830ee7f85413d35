package verbs

import (
	"context"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"hearth/core"
	"hearth/store"
)

// Prompt is hearth on a terminal that has no cursor to place, as one that is read aloud or a
// log has none: the places with a number each, and then verbs, one a line, in the place that
// was chosen. place is one that was named already, "" for none; run does a line. It ends with
// quit or at the end of what is typed.
func (e *Env) Prompt(ctx context.Context, why, place string, run func(ctx context.Context, args []string) error) error {
	e.say("%s. So there are no screens, and all that they do is done by verbs, one a line:", why)
	e.say("help tells which, help VERB tells of one, place chooses another place, quit ends.")
	if place == "" {
		var err error
		if place, err = e.askPlace(ctx); err != nil {
			return ended(err)
		}
	}
	for {
		e.ask("hearth " + place)
		line, err := e.line(ctx)
		if err != nil {
			return ended(err)
		}
		args, err := Words(line)
		if err == nil && len(args) > 0 && args[0] == "hearth" { // as it is written in a shell
			args = args[1:]
		}
		switch {
		case err != nil || len(args) == 0:
		case slices.Contains([]string{"quit", "exit", "q"}, args[0]):
			return nil
		case args[0] == "place" && len(args) == 1:
			if place, err = e.askPlace(ctx); err != nil {
				return ended(err)
			}
		case args[0] == "place":
			place = args[1]
		case args[0] == "help" || args[0] == "?":
			err = run(ctx, append(args[1:], "--help"))
		case strings.HasPrefix(args[0], "-"):
			err = core.Fail(core.CodeUsage, "do "+args[0], "a line begins with a verb", "help tells which there are", nil)
		default:
			err = run(ctx, within(args, place))
		}
		if Report(e.Err, err); ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// ended is how the prompt ends: the end of what is typed is no failure.
func ended(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// ask shows what is to be answered, on the line of the answer.
func (e *Env) ask(what string) { io.WriteString(e.Err, core.Visible(what)+"> ") }

// within names the place behind the verb, unless the line names one itself.
func within(args []string, place string) []string {
	names := func(a string) bool {
		word, _, _ := strings.Cut(a, "=")
		return word == "--place" || slices.ContainsFunc(store.Flags(), func(f store.Flag) bool { return word == "--"+f.Name })
	}
	if place == "" || slices.ContainsFunc(args, names) {
		return args
	}
	return slices.Insert(slices.Clone(args), 1, "--place="+place)
}

// askPlace lists the places with a number each, and asks for one: by its number, its name or
// its location; nothing is none.
func (e *Env) askPlace(ctx context.Context) (string, error) {
	known := []store.PlaceRow{}
	if e.Places != nil {
		rows, err := e.Places(ctx)
		known = rows
		Report(e.Err, err)
	}
	known = append(known, store.PlaceRow{Name: "demo", Location: "demo"})
	for i, p := range known {
		name := p.Name
		if name != p.Location {
			name += ", " + p.Location
		}
		e.say("%d  %s", i+1, strings.TrimPrefix(name, ", "))
	}
	e.ask("which place? its number, name or location")
	line, err := e.line(ctx)
	line = strings.TrimSpace(line)
	if n, wrong := strconv.Atoi(line); wrong == nil && n >= 1 && n <= len(known) {
		line = known[n-1].Location
		if known[n-1].Name != "" && strings.Contains(line, "://") { // by its name comes what is configured for it, a password too
			line = known[n-1].Name
		}
	}
	return line, err
}

// line reads a line, and not a byte more: a verb may read the next ones.
func (e *Env) line(ctx context.Context) (string, error) {
	return await(ctx, func() (string, error) {
		var b strings.Builder
		for one := make([]byte, 1); b.Len() < 1<<16; {
			n, err := e.In.Read(one)
			switch {
			case n == 1 && one[0] == '\n':
				return strings.TrimSuffix(b.String(), "\r"), nil
			case n == 1:
				b.WriteByte(one[0])
			case err != nil && b.Len() > 0 && errors.Is(err, io.EOF):
				return b.String(), nil
			case err != nil:
				return "", err
			}
		}
		return "", core.Fail(core.CodeUsage, "read a line", "it has no end", "", nil)
	})
}

// Words takes a line apart as a POSIX shell does: blanks part words, but within '…' and "…"
// and behind a backslash. Nothing in it is expanded. CodeUsage for a quote without an end.
func Words(line string) (words []string, err error) {
	var b strings.Builder
	var quote rune
	begun, escaped := false, false
	for _, c := range line {
		switch {
		case escaped:
			if quote == '"' && !strings.ContainsRune("\"\\$`", c) {
				b.WriteByte('\\')
			}
			b.WriteRune(c)
			escaped = false
		case c == '\\' && quote != '\'':
			escaped, begun = true, true
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
			b.WriteRune(c)
		case c == '\'' || c == '"':
			quote, begun = c, true
		case c == ' ' || c == '\t':
			if begun {
				words = append(words, b.String())
			}
			b.Reset()
			begun = false
		default:
			b.WriteRune(c)
			begun = true
		}
	}
	if quote != 0 || escaped {
		return nil, core.Fail(core.CodeUsage, "read the line", "a quotation mark has no end", "write the other one, too", nil)
	}
	if begun {
		words = append(words, b.String())
	}
	return words, nil
}
