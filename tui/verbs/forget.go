package verbs

import (
	"strings"

	"github.com/spf13/cobra"

	"hearth/core"
	"hearth/store"
)

// forget takes away what the screens remember of how places were looked at. It asks no place
// and changes none.
func (e *Env) forget() *cobra.Command {
	return &cobra.Command{
		Use: "forget [PLACE…]", Short: "Forget how places were looked at",
		Long: "The screens remember of each place that was opened when that was, and the filter, the order, the columns, the pane and the " +
			"theme that were chosen there, and beside that the views that were saved: in " +
			"state.json in the folder hearth of XDG_STATE_HOME, or of ~/.local/state. " +
			"Without a PLACE all of it is forgotten, views too, and " +
			"the files that were set aside since they could not be read; else what is remembered of these places, by their locations or " +
			"their names in the config. Nothing else is touched: no place, no archive, no journal.",
		Example: "hearth forget\nhearth forget cloud:lab",
		Args:    cobra.ArbitraryArgs, ValidArgsFunction: e.completeRemembered,
		RunE: func(cmd *cobra.Command, args []string) error {
			if e.Memory == nil {
				return core.Fail(core.CodeUnsupported, "forget", "nothing is remembered here", "", nil)
			}
			m, said := e.Memory()
			if said != "" {
				e.say("! %s", said)
			}
			n, views := len(m.Places()), len(m.Views())
			if len(args) == 0 {
				m.ForgetAll()
			}
			for _, name := range args {
				location, err := e.remembered(name)
				if err == nil && m.Of(location).Location == "" {
					err = core.Fail(core.CodeNotFound, "forget "+store.Shown(name), "nothing is remembered of "+location,
						"hearth forget without a name forgets all", nil)
				}
				if err != nil {
					return err
				}
				m.Forget(location)
			}
			if err := m.Save(cmd.Context()); err != nil {
				return err
			}
			n -= len(m.Places())
			views -= len(m.Views())
			var what []string
			if n > 0 {
				what = append(what, "how "+strings.Replace(core.Count(n, "place")+" was", "s was", "s were", 1)+" looked at")
			}
			if views > 0 {
				what = append(what, core.Count(views, "saved view"))
			}
			if what == nil {
				e.say("Nothing was remembered.")
			} else {
				e.say("Forgotten: %s.", strings.Join(what, ", and "))
			}
			return nil
		},
	}
}

// remembered is the location of what somebody named.
func (e *Env) remembered(name string) (string, error) {
	if e.Locate != nil {
		return e.Locate(name)
	}
	l, err := store.ParseLocation(name)
	return l.String(), err
}

func (e *Env) completeRemembered(*cobra.Command, []string, string) (out []cobra.Completion, _ cobra.ShellCompDirective) {
	if e.Memory != nil {
		m, _ := e.Memory()
		for _, p := range m.Places() {
			out = append(out, core.Visible(p.Location))
		}
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}
