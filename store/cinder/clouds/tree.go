package clouds

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
)

// tree is the tree of a file, of which an entry is read when it is asked for.
type tree struct {
	file string
	root *yaml.Node // a map; nil: the file is empty
}

// parse reads a file's text; one whose name ends in json is JSON, as to the client.
func parse(file string, body []byte) (*tree, error) {
	var top *yaml.Node
	if strings.HasSuffix(file, "json") {
		var err error
		if top, err = parseJSON(body); err != nil {
			return nil, err
		}
	} else {
		var doc yaml.Node
		if err := yaml.Unmarshal(body, &doc); err != nil {
			return nil, err
		}
		if len(doc.Content) > 0 {
			top = doc.Content[0]
		}
	}
	t := &tree{file: file}
	if top = follow(top); top == nil || top.Kind == yaml.ScalarNode && plain(top.Value, Place{}).kind == nothing {
		return t, nil
	}
	if top.Kind != yaml.MappingNode {
		return nil, errors.New("it is no map of keys")
	}
	t.root = top
	return t, nil
}

// parseJSON makes the same tree of JSON.
func parseJSON(body []byte) (*yaml.Node, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	n, err := jsonNode(d, body)
	if err == nil {
		if _, more := d.Token(); more != io.EOF {
			err = errors.New("something follows the JSON")
		}
	}
	return n, err
}

func jsonNode(d *json.Decoder, body []byte) (*yaml.Node, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	n := &yaml.Node{Kind: yaml.ScalarNode, Line: 1 + bytes.Count(body[:d.InputOffset()], []byte("\n"))}
	switch x := token.(type) {
	case json.Delim:
		n.Kind = yaml.SequenceNode
		if x == '{' {
			n.Kind = yaml.MappingNode
		}
		for d.More() { // of an object: key and value by turns
			inner, err := jsonNode(d, body)
			if err != nil {
				return nil, err
			}
			n.Content = append(n.Content, inner)
		}
		_, err = d.Token()
	case string:
		n.Value, n.Style = x, yaml.DoubleQuotedStyle
	case json.Number:
		n.Value, n.Tag, n.Style = x.String(), "!!int", yaml.TaggedStyle
		if strings.ContainsAny(n.Value, ".eE") {
			n.Tag = "!!float"
		}
	case bool:
		n.Value = map[bool]string{true: "true", false: "false"}[x]
	case nil:
		n.Value = "null"
	}
	return n, err
}

// follow leads from an alias to what it stands for.
func follow(n *yaml.Node) *yaml.Node {
	for i := 0; n != nil && n.Kind == yaml.AliasNode; i++ {
		if i > deepest {
			return nil
		}
		n = n.Alias
	}
	return n
}

// What an entry may be at most: aliases can make much of little, and without end.
const (
	deepest = 50
	largest = 20_000 // values
)

// reader reads a part of a tree.
type reader struct {
	file string
	left int // values that it may yet read
}

func (t *tree) reader() *reader { return &reader{file: t.file, left: largest} }

// pair is a key of a map and what follows it.
type pair struct{ key, of *yaml.Node }

// pairs are the keys of a map with what is merged into it, in PyYAML's order
// (SafeConstructor.flatten_mapping): of two that are equal the later one counts. why
// says what is odd.
func (r *reader) pairs(n *yaml.Node, depth int) (out []pair, why string) {
	const noMerge = "merges (<<) something that is no map"
	var own []pair
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], follow(n.Content[i+1])
		if r.left--; r.left < 0 || depth > deepest || v == nil {
			return nil, "is made of too much"
		}
		if k.Kind != yaml.ScalarNode || k.Value != "<<" || k.Style&^yaml.TaggedStyle != 0 {
			own = append(own, pair{k, v})
			continue
		}
		from := []*yaml.Node{v}
		if v.Kind == yaml.SequenceNode {
			from = nil
			for i := len(v.Content) - 1; i >= 0; i-- { // the first one counts most
				from = append(from, follow(v.Content[i]))
			}
		}
		for _, m := range from {
			if m == nil || m.Kind != yaml.MappingNode {
				return nil, noMerge
			}
			merged, why := r.pairs(m, depth+1)
			if why != "" {
				return nil, why
			}
			out = append(out, merged...)
		}
	}
	return append(out, own...), ""
}

// value reads what stands at a node.
func (r *reader) value(n *yaml.Node, depth int) *value {
	n = follow(n)
	if n == nil {
		return &value{kind: odd, why: "is made of too much", at: Place{File: r.file}}
	}
	at := Place{File: r.file, Line: n.Line}
	if r.left--; r.left < 0 || depth > deepest {
		return &value{kind: odd, why: "is made of too much", at: at}
	}
	tag := ""
	if n.Style&yaml.TaggedStyle != 0 {
		if tag = n.ShortTag(); tag == "!" {
			tag = ""
		}
	}
	switch n.Kind {
	case yaml.ScalarNode:
		switch {
		case tag != "":
			return tagged(tag, n.Value, at)
		case n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0:
			return textValue(n.Value, at)
		}
		return plain(n.Value, at)
	case yaml.SequenceNode:
		v := &value{kind: list, at: at}
		for _, item := range n.Content {
			v.items = append(v.items, r.value(item, depth+1))
		}
		return v.unless(tag, "!!seq")
	}
	pairs, why := r.pairs(n, depth)
	if why != "" {
		return &value{kind: odd, why: why, at: at}
	}
	v := &value{kind: dict, keys: newKeys(), at: at}
	for _, p := range pairs {
		if key := follow(p.key); key != nil && key.Kind == yaml.ScalarNode {
			v.keys.set(key.Value, r.value(p.of, depth+1))
		} else {
			return &value{kind: odd, why: "has a key that is no word", at: at}
		}
	}
	return v.unless(tag, "!!map")
}

// unless makes the value an odd one where it has another tag than its own.
func (v *value) unless(tag, own string) *value {
	if tag == "" || tag == own {
		return v
	}
	return &value{kind: odd, why: "has the tag " + tag + ", which is not read here", at: v.at}
}

// section finds a map at the top of the file, such as clouds, and the nodes in it by
// name. It is nil where there is none. why says what is odd about it.
func (t *tree) section(name string) (names []string, of map[string]*yaml.Node, why string) {
	if t == nil || t.root == nil {
		return nil, nil, ""
	}
	r := t.reader()
	top, why := r.pairs(t.root, 0)
	if why != "" {
		return nil, nil, "it " + why
	}
	var at *yaml.Node
	for _, p := range top {
		if key := follow(p.key); key != nil && key.Value == name {
			at = p.of
		}
	}
	switch {
	case at == nil, at.Kind == yaml.ScalarNode && plain(at.Value, Place{}).kind == nothing:
		return nil, nil, ""
	case at.Kind != yaml.MappingNode:
		return nil, nil, "its " + name + " is no map of names"
	}
	pairs, why := r.pairs(at, 0)
	if why != "" {
		return nil, nil, "its " + name + " " + why
	}
	of = map[string]*yaml.Node{}
	for _, p := range pairs {
		key := follow(p.key)
		if key == nil || key.Kind != yaml.ScalarNode {
			continue // no name that could be asked for
		}
		if _, twice := of[key.Value]; !twice {
			names = append(names, key.Value)
		}
		of[key.Value] = p.of
	}
	return names, of, ""
}
