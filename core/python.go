package core

import (
	"fmt"
	"strings"

	"hearth/core/pyjson"
)

// interpreter is what a rule set owes to the language that it runs under.
type interpreter struct {
	parse   func(text string) (pyjson.Value, error) // json.loads
	badJSON string                                  // the class of what it raises
	str     func(v pyjson.Value) (string, error)    // str()
	keys    func(o *pyjson.Object) []string         // the order of a parsed dict
	copies  bool                                    // a list has copy()
}

var (
	python2 = interpreter{
		parse: pyjson.Parse2, badJSON: "ValueError",
		str: pyjson.Str2, keys: (*pyjson.Object).Python2Keys,
	}
	python3 = interpreter{
		parse: pyjson.Parse, badJSON: "JSONDecodeError",
		str:  func(v pyjson.Value) (string, error) { return pyjson.Str(v), nil },
		keys: (*pyjson.Object).Keys, copies: true,
	}
)

// subscriptError is the TypeError of v["name"] for a v that is no dict.
func subscriptError(v pyjson.Value) string {
	switch v.Kind() {
	case pyjson.String:
		return "string indices must be integers, not 'str'"
	case pyjson.List:
		return "list indices must be integers or slices, not str"
	}
	return fmt.Sprintf("'%s' object is not subscriptable", v.TypeName())
}

// contains is Python's key in v.
func contains(v pyjson.Value, key string) (bool, error) {
	switch v.Kind() {
	case pyjson.Dict:
		return v.Object().Has(key), nil
	case pyjson.String:
		return strings.Contains(v.Text(), key), nil
	case pyjson.List:
		for _, item := range v.Items() {
			if s, ok := item.Str(); ok && s == key {
				return true, nil
			}
		}
		return false, nil
	}
	return false, fmt.Errorf("argument of type '%s' is not iterable", v.TypeName())
}
