package pyjson

import (
	"fmt"
	"strings"
)

// YAML is written by hand, as the emitters of libraries cannot hold what Cinder's
// data can: lone surrogates, integers of any size, the order of keys. Every
// string is in double quotes, so that nothing in it means anything.

// YAML writes a value as a document.
func YAML(v Value) string {
	var b strings.Builder
	yamlValue(&b, v, 0)
	return strings.TrimPrefix(b.String(), "\n") + "\n"
}

// YAMLItem writes a value as an item of a list that is the document.
func YAMLItem(v Value) string {
	var b strings.Builder
	b.WriteString("-")
	yamlValue(&b, v, 1)
	return strings.Replace(b.String(), "-\n  ", "- ", 1) + "\n"
}

// longestKey is how long a key may be that has its value behind it: YAML looks no further
// than 1,024 characters for the colon.
const longestKey = 1000

// yamlValue writes what follows a key's colon or an item's dash.
func yamlValue(b *strings.Builder, v Value, depth int) {
	indent := "\n" + strings.Repeat("  ", depth)
	switch {
	case v.Kind() == Dict && v.Object().Len() > 0:
		for k, item := range v.Object().All() {
			key := yamlKey(k)
			if len(key) > longestKey {
				key = "? " + key + indent
			}
			b.WriteString(indent + key + ":")
			yamlValue(b, item, depth+1)
		}
	case v.Kind() == List && len(v.Items()) > 0:
		for _, item := range v.Items() {
			var sub strings.Builder
			yamlValue(&sub, item, depth+1)
			b.WriteString(indent + "-" + strings.Replace(sub.String(), "\n"+strings.Repeat("  ", depth+1), " ", 1))
		}
	default:
		b.WriteString(" " + yamlScalar(v))
	}
}

func yamlScalar(v Value) string {
	switch v.Kind() {
	case String:
		return yamlQuote(v.Text())
	case Float:
		switch s := Text(v); s {
		case "NaN":
			return ".nan"
		case "Infinity":
			return ".inf"
		case "-Infinity":
			return "-.inf"
		default:
			// YAML 1.1 takes 1e+16 for a string, and 1.0e+16 for a number.
			if e := strings.IndexByte(s, 'e'); e > 0 && !strings.Contains(s, ".") {
				s = s[:e] + ".0" + s[e:]
			}
			return s
		}
	}
	return Text(v)
}

func yamlKey(k string) string {
	for i, r := range k {
		if !(r >= 'a' && r <= 'z' || r == '_' || i > 0 && r >= '0' && r <= '9') {
			return yamlQuote(k)
		}
	}
	switch k {
	case "", "y", "n", "yes", "no", "on", "off", "true", "false", "null":
		return yamlQuote(k)
	}
	return k
}

// yamlQuote is a double-quoted scalar in ASCII. YAML writes a character beyond
// 16 bits as \U, where JSON writes two surrogates.
func yamlQuote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for len(s) > 0 {
		r, w := DecodeRune(s)
		if r > 0xFFFF {
			fmt.Fprintf(&b, `\U%08X`, r)
		} else {
			q := Quote(s[:w])
			b.WriteString(q[1 : len(q)-1])
		}
		s = s[w:]
	}
	b.WriteByte('"')
	return b.String()
}
