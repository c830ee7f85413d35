package clouds

import (
	"errors"

	"go.yaml.in/yaml/v3"

	"hearth/core"
	"hearth/store/whole"
)

// Policy reads a policy.yaml of Cinder's, as oslo.policy does: a name and a rule a line; one
// whose name stands twice is what the later says. A rule that is no text is none that hearth
// understands. CodeNotFound, CodeUnreadable where the file is of no use.
func Policy(path string) (*core.Policy, error) {
	tried := "read the policy " + path
	body, err := whole.ReadSettings(path)
	if err != nil {
		return nil, core.Fail(core.CodeNotFound, tried, "it cannot be read",
			"name the policy.yaml with policy in the config, or leave it out", err)
	}
	unfit := func(err error) error {
		return core.Fail(core.CodeUnreadable, tried, "it is no policy.yaml: "+brief(err), "name the file that Cinder goes by", err)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(body, &doc); err != nil {
		return nil, unfit(err)
	}
	p := &core.Policy{Path: path, Rules: map[string]string{}}
	if len(doc.Content) == 0 { // all that it has are comments, as a sample's
		return p, nil
	}
	top := doc.Content[0]
	if top.Kind != yaml.MappingNode {
		return nil, unfit(errors.New("it names no rules"))
	}
	for i := 0; i+1 < len(top.Content); i += 2 {
		text := "list of lists: no text"
		if v := top.Content[i+1]; v.Kind == yaml.ScalarNode {
			text = v.Value
		}
		p.Rules[top.Content[i].Value] = text
	}
	return p, nil
}
