// Package settings reads the configuration: one TOML file, of which each room
// declares the part it reads. It is strict, so that a slip of the pen does not
// pass for a choice, and tells mistakes with their line.
package settings

import (
	"errors"
	"io/fs"
	"regexp"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"

	"hearth/core"
	"hearth/store/whole"
)

// Read reads the file at path into a struct with toml tags. check then looks at
// what was read: it returns the key at fault, its tables before it as in
// "places.prod.location", and what is wrong; or "". Errors are *core.Error: a
// file that is not there is CodeNotFound and fs.ErrNotExist, a mistake CodeUsage. Where what
// is wrong names another key between two NULs, its line is told in place of that.
func Read(path string, into any, check func() (key, what string)) error {
	tried := "read the config " + path
	data, err := whole.ReadSettings(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return core.Fail(core.CodeNotFound, tried, "there is no such file", "name another with --config", err)
	case errors.Is(err, whole.ErrTooLarge):
		return core.Fail(core.CodeUnreadable, tried, "it is larger than any config, or nests deeper", "name another with --config", err)
	case err != nil:
		return core.Fail(core.CodeUnreadable, tried, "it is no file that can be read", "name another with --config", err)
	}
	mistake := func(line int, what, instead string) error {
		if line > 0 {
			what = "line " + strconv.Itoa(line) + ": " + what
		}
		next := "hearth help check shows the settings there are"
		if instead != "" {
			next = instead + ", or see hearth help check for the settings there are"
		}
		return core.Fail(core.CodeUsage, tried, what, next, nil)
	}
	md, err := toml.Decode(string(data), into)
	if err != nil {
		line, what := explain(err)
		if telling(string(data), line) { // what the decoder says may quote what stands there
			what = "a secret, or what stands beside it, is not written as TOML has it: put texts in quotes"
		}
		return mistake(line, what, "")
	}
	if extra := md.Undecoded(); len(extra) > 0 {
		return mistake(lineOf(string(data), extra[0]), "there is no setting "+extra[0].String(), nearest(into, extra[0]))
	}
	if key, what := check(); key != "" {
		return mistake(lineOf(string(data), keyOf(md.Keys(), key)), withLines(string(data), md.Keys(), what), "")
	}
	return nil
}

// withLines puts the lines of other keys into what is wrong.
func withLines(data string, keys []toml.Key, what string) string {
	parts := strings.Split(what, "\x00")
	for i := 1; i < len(parts); i += 2 {
		if n := lineOf(data, keyOf(keys, parts[i])); n > 0 {
			parts[i] = "line " + strconv.Itoa(n)
		}
	}
	return strings.Join(parts, "")
}

// What the decoder says of a value of another type than its setting.
var (
	atKey     = regexp.MustCompile(`^toml: (?:line (\d+) )?\(last key ("(?:[^"\\]|\\.)*")\): (.*)$`)
	wrongType = regexp.MustCompile(`^incompatible types: TOML value has type (\S+); destination has type (\S+)`)
	noTable   = regexp.MustCompile(`^type mismatch for \S+: expected table but found (\S+)`)
)

// kind is one of the decoder's types in words.
func kind(name string) string {
	switch strings.TrimPrefix(name, "[]map") {
	case "int64", "integer", "float64", "float":
		return "a number"
	case "string":
		return "a string"
	case "bool", "boolean":
		return "true or false"
	case "map[string]any":
		return "a table"
	case "[]any", "slice", "[string]any":
		return "a list"
	case "time.Time":
		return "a time"
	}
	return name
}

// explain puts a decoder's error into words.
func explain(err error) (line int, what string) {
	var perr toml.ParseError
	if errors.As(err, &perr) {
		return perr.Position.Line, perr.Message
	}
	m := atKey.FindStringSubmatch(err.Error())
	if m == nil {
		return 0, strings.TrimPrefix(err.Error(), "toml: ")
	}
	line, _ = strconv.Atoi(m[1])
	key, _ := strconv.Unquote(m[2])
	if t := wrongType.FindStringSubmatch(m[3]); t != nil {
		return line, key + " wants " + kind(t[2]) + ", and this is " + kind(t[1])
	}
	if t := noTable.FindStringSubmatch(m[3]); t != nil {
		return line, key + " wants a table, and this is " + kind(t[1])
	}
	return line, key + ": " + m[3]
}

// telling reports whether a line, or the one above it, has a setting in it that holds a
// secret: an error is told of where it was noticed. Where no line is known all are asked.
func telling(data string, line int) bool {
	for i, text := range strings.Split(data, "\n") {
		if line > 0 && i+1 != line && i+2 != line || strings.TrimSpace(text) == "[keys]" { // those of a keyboard
			continue
		}
		for _, word := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune("=,{}[]. \t\"'", r) }) {
			if core.SecretName(word) {
				return true
			}
		}
	}
	return false
}

// keyOf finds a key by its name with dots.
func keyOf(keys []toml.Key, name string) toml.Key {
	for _, k := range keys {
		if strings.Join(k, ".") == name {
			return k
		}
	}
	return nil
}

// lineOf finds the line on which a key stands, 0 if that is not known. The
// decoder keeps the lines to itself and names them only in errors: so the way to
// the key is decoded, and the key into something that fails.
func lineOf(data string, key toml.Key) int {
	var table map[string]toml.Primitive
	md, err := toml.Decode(data, &table)
	if err != nil {
		return 0
	}
	for i, name := range key {
		value, ok := table[name]
		if !ok {
			return 0
		}
		if i == len(key)-1 {
			var perr toml.ParseError
			errors.As(md.PrimitiveDecode(value, failing{}), &perr)
			return perr.Position.Line
		}
		table = nil
		if err := md.PrimitiveDecode(value, &table); err != nil {
			return 0
		}
	}
	return 0
}

// failing is a setting that can be set to nothing.
type failing struct{}

func (failing) UnmarshalTOML(any) error { return errors.New("stop here") }
