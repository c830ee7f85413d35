package clouds

import (
	"math/big"
	"regexp"
	"strconv"
	"strings"

	"hearth/core/pyjson"
)

// kind says what Python's YAML makes of a value.
type kind uint8

const (
	text    kind = iota // a string
	number              // an int or a float; [value.text] is its str()
	truth               // a bool; [value.text] is "True" or "False"
	nothing             // None
	date                // a date or a datetime
	list
	dict
	odd // nothing that a login can be made of: [value.why]
)

// value is what stands somewhere in a file or in a variable.
type value struct {
	kind kind
	text string // of a scalar: what Python's str() makes of it
	raw  string // of a scalar: as it stands
	why  string // of an odd one: what is odd
	at   Place

	items []*value
	keys  *keys
}

// Place is where something stands: a line of a file, or a variable.
type Place struct {
	File string // "" of a variable, and of what stands nowhere
	Line int    // from 1; 0: it is not known
	Name string // of a variable
}

// String is the place for a sentence.
func (p Place) String() string {
	switch {
	case p.Name != "":
		return p.Name
	case p.Line > 0:
		return p.File + ", line " + strconv.Itoa(p.Line)
	}
	return p.File
}

// is reports whether the value is there and a true one to Python.
func (v *value) is() bool {
	switch {
	case v == nil, v.kind == nothing:
		return false
	case v.kind == truth:
		return v.text == "True"
	case v.kind == text:
		return v.text != ""
	case v.kind == list:
		return len(v.items) > 0
	case v.kind == dict:
		return len(v.keys.names) > 0
	}
	return true
}

// keys are those of a map, in the order of a Python dict.
type keys struct {
	names []string
	of    map[string]*value
}

func newKeys() *keys { return &keys{of: map[string]*value{}} }

func (k *keys) get(name string) *value { return k.of[name] }

// set keeps the key's position if it is there already.
func (k *keys) set(name string, v *value) {
	if _, there := k.of[name]; !there {
		k.names = append(k.names, name)
	}
	k.of[name] = v
}

// pop takes a key out; nil if it is not there.
func (k *keys) pop(name string) *value {
	v, there := k.of[name]
	if there {
		delete(k.of, name)
		for i, n := range k.names {
			if n == name {
				k.names = append(k.names[:i:i], k.names[i+1:]...)
				break
			}
		}
	}
	return v
}

func (k *keys) copy() *keys {
	out := newKeys()
	for _, name := range k.names {
		out.set(name, k.of[name])
	}
	return out
}

func textValue(s string, at Place) *value { return &value{kind: text, text: s, raw: s, at: at} }

// The scalars of YAML 1.1 as PyYAML tells them apart (yaml/resolver.py). Go's own
// reader follows another version: 0o17 and 1e5 are numbers to it, 017 and 1_000 are
// others.
var (
	boolPattern = regexp.MustCompile(`^(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$`)
	nullPattern = regexp.MustCompile(`^(?:~|null|Null|NULL|)$`)
	intPattern  = regexp.MustCompile(`^(?:[-+]?0b[0-1_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+` +
		`|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+)$`)
	floatPattern = regexp.MustCompile(`^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?` +
		`|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$`)
	datePattern = regexp.MustCompile(`^(?:[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)[0-9]{1,2}` +
		`:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::[0-9]{2})?))?)$`)
)

// plain reads a scalar that stands there without quotes.
func plain(raw string, at Place) *value {
	v := &value{raw: raw, text: raw, at: at}
	switch {
	case boolPattern.MatchString(raw):
		v.asBool()
	case floatPattern.MatchString(raw):
		v.asFloat()
	case intPattern.MatchString(raw):
		v.asInt()
	case nullPattern.MatchString(raw):
		v.kind = nothing
	case datePattern.MatchString(raw):
		v.kind = date
	}
	return v
}

// tagged reads a scalar with a tag, such as !!str.
func tagged(tag, raw string, at Place) *value {
	v := &value{raw: raw, text: raw, at: at}
	switch tag {
	case "!!str":
	case "!!int":
		v.asInt()
	case "!!float":
		v.asFloat()
	case "!!bool":
		v.asBool()
	case "!!null":
		v.kind = nothing
	case "!!timestamp":
		v.kind = date
	default:
		v.kind, v.why = odd, "has the tag "+tag+", which is not read here"
	}
	return v
}

func (v *value) asBool() {
	switch strings.ToLower(v.raw) {
	case "yes", "true", "on":
		v.kind, v.text = truth, "True"
	case "no", "false", "off":
		v.kind, v.text = truth, "False"
	default:
		v.kind, v.why = odd, "is no word for yes or no"
	}
}

// longest is how many digits of a number are read; Python itself writes no more.
const longest = 4300

// asInt is PyYAML's construct_yaml_int: octal with a leading 0, 0b, 0x, base 60 with
// colons, and underscores anywhere.
func (v *value) asInt() {
	digits := strings.ReplaceAll(v.raw, "_", "")
	sign := ""
	if digits != "" && strings.ContainsAny(digits[:1], "+-") {
		sign, digits = strings.TrimPrefix(digits[:1], "+"), digits[1:]
	}
	n, ok := new(big.Int), len(digits) <= longest
	switch {
	case !ok:
	case strings.HasPrefix(digits, "0b"), strings.HasPrefix(digits, "0x"):
		_, ok = n.SetString(digits[2:], map[byte]int{'b': 2, 'x': 16}[digits[1]])
	case strings.HasPrefix(digits, "0"):
		_, ok = n.SetString(digits, 8)
	case strings.Contains(digits, ":"):
		for part := range strings.SplitSeq(digits, ":") {
			d, whole := new(big.Int).SetString(part, 10)
			if !whole {
				ok = false
				break
			}
			n.Add(n.Mul(n, big.NewInt(60)), d)
		}
	default:
		_, ok = n.SetString(digits, 10)
	}
	if !ok {
		v.kind, v.why = odd, "is no number, though it looks like one"
		return
	}
	if sign != "" {
		n.Neg(n)
	}
	v.kind, v.text = number, n.String()
}

// asFloat is PyYAML's construct_yaml_float, written as Python writes floats.
func (v *value) asFloat() {
	digits := strings.ToLower(strings.ReplaceAll(v.raw, "_", ""))
	sign := 1.0
	if digits != "" && strings.ContainsAny(digits[:1], "+-") {
		if digits[0] == '-' {
			sign = -1
		}
		digits = digits[1:]
	}
	var f float64
	switch digits {
	case ".inf":
		digits = "inf"
	case ".nan":
		digits = "nan"
	}
	for part := range strings.SplitSeq(digits, ":") {
		d, err := strconv.ParseFloat(part, 64)
		if err != nil && !isRange(err) {
			v.kind, v.why = odd, "is no number, though it looks like one"
			return
		}
		f = f*60 + d
	}
	v.kind, v.text = number, pyjson.Repr(pyjson.OfFloat(sign*f))
}

func isRange(err error) bool {
	e, ok := err.(*strconv.NumError)
	return ok && e.Err == strconv.ErrRange
}
