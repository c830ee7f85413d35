package verbs

import "github.com/spf13/cobra"

// All returns the verbs, by what they are about. A new one is a method of [Env] in a
// file of its own, and a word here.
func All(env *Env) []*cobra.Command {
	e := *env
	e.Out = sink{env.Out}
	return []*cobra.Command{
		e.status(), e.volumes(), e.backups(), e.volume(), e.backup(),
		e.capture(), e.diff(), e.plan(), e.apply(), e.undo(),
		e.restore(), e.create(), e.edit(), e.delete(), e.reset(), e.messages(),
		e.journal(), e.settle(),
		e.policy(),
		e.export(), e.importing(), e.decode(),
		e.archive(), e.coverage(), e.copying(), e.recovering(), e.reconcile(), e.verify(), e.inventory(), e.extract(), e.compare(),
		e.drill(), e.report(),
		e.places(), e.demo(), e.check(), e.forget(), e.man(),
	}
}
