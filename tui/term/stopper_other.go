//go:build !unix

package term

// stopper does nothing where nothing is suspended.
type stopper struct{}

func (*stopper) begin(func())     {}
func (*stopper) suspending() bool { return false }
func (*stopper) resumed()         {}
func (*stopper) end()             {}
