package core

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"hearth/core/pyjson"
)

// The properties of a backup in a line: key=value, and more after commas. Blanks
// around a key and a value are not of it. What holds a comma, a quotation mark, an
// outer blank, a sign that is not seen, or nothing at all, stands in quotation marks
// as a JSON string does: note="x, owner=eve", title="two\nlines". So every text has
// a form that reads back as itself.

// PropertiesText writes properties so that [ParseProperties] reads the same again.
// What is no string, which Cinder's API lets nobody store, is written as JSON writes
// it and comes back as a string.
func PropertiesText(o *pyjson.Object) string {
	var parts []string
	for k, v := range o.All() {
		text, ok := v.Str()
		if !ok {
			text = pyjson.Text(v)
		}
		value := ""
		if text != "" {
			value = propertyWord(text, `,"`)
		}
		parts = append(parts, propertyWord(k, `,"=`)+"="+value)
	}
	return strings.Join(parts, ", ")
}

// propertyWord is a text as it stands in a line of properties, in quotation marks if
// it needs them: if it is empty, or holds one of special.
func propertyWord(s, special string) string {
	if s != "" && s == strings.TrimSpace(s) && !strings.ContainsAny(s, special) && held(s) {
		return s
	}
	var b strings.Builder
	b.WriteByte('"')
	for i := 0; i < len(s); {
		r, w := pyjson.DecodeRune(s[i:])
		if r == '"' || r == '\\' || !held(b.String()+s[i:i+w]) {
			quoted := pyjson.Quote(s[i : i+w])
			b.WriteString(quoted[1 : len(quoted)-1])
		} else {
			b.WriteString(s[i : i+w])
		}
		i += w
	}
	b.WriteByte('"')
	return b.String()
}

// held reports whether a field for a line of text holds a text as it is, and shows
// it so.
func held(s string) bool { return Visible(s) == s && !strings.ContainsRune(s, utf8.RuneError) }

// ParseProperties reads a line of properties; "" is none. CodeUsage says what is
// wrong with it: no "=", no key, a quotation mark that does not end, a key twice.
func ParseProperties(text string) (*pyjson.Object, error) {
	o := &pyjson.Object{}
	bad := func(format string, args ...any) (*pyjson.Object, error) {
		return nil, Fail(CodeUsage, "read the properties", fmt.Sprintf(format, args...),
			`write key=value, and more after commas; what holds a comma stands in quotation marks: note="a, b"`, nil)
	}
	for rest := text; strings.TrimSpace(rest) != ""; {
		part := strings.TrimLeft(rest, " \t\n\r")
		if strings.HasPrefix(part, ",") { // nothing between two commas
			rest = part[1:]
			continue
		}
		key, after, err := cutProperty(part, "=,")
		switch {
		case err != nil:
			return bad("%s", err)
		case !strings.HasPrefix(after, "=") || key == "":
			return bad("%s is not key=value", Visible(strings.TrimSpace(firstPart(part))))
		case o.Has(key):
			return bad("the key %s is there twice", Visible(key))
		}
		value, after, err := cutProperty(after[1:], ",")
		if err != nil {
			return bad("%s", err)
		}
		o.Set(key, pyjson.OfString(value))
		rest = strings.TrimPrefix(after, ",")
	}
	return o, nil
}

// firstPart is what stands before the first comma.
func firstPart(s string) string {
	s, _, _ = strings.Cut(s, ",")
	return s
}

// cutProperty reads a key or a value that one of ends ends, or the end of the text;
// after begins with what ended it.
func cutProperty(s, ends string) (word, after string, err error) {
	s = strings.TrimLeft(s, " \t\n\r")
	if !strings.HasPrefix(s, `"`) {
		end := strings.IndexAny(s, ends)
		if end < 0 {
			end = len(s)
		}
		return strings.TrimSpace(s[:end]), s[end:], nil
	}
	end := closing(s)
	if end < 0 {
		return "", "", fmt.Errorf("the quotation mark before %s does not end", Visible(s[1:]))
	}
	v, err := pyjson.Parse(s[:end])
	if err != nil {
		return "", "", fmt.Errorf("%s is not quoted as JSON quotes", Visible(s[:end]))
	}
	after = strings.TrimLeft(s[end:], " \t\n\r")
	if after != "" && !strings.ContainsAny(after[:1], ends) {
		return "", "", fmt.Errorf("%s stands behind a quotation mark that ends", Visible(firstPart(after)))
	}
	return v.Text(), after, nil
}

// closing is where a text that begins with a quotation mark goes on after the one
// that ends it; -1 where none does.
func closing(s string) int {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return -1
}
