package verbs

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func (e *Env) man() *cobra.Command {
	return &cobra.Command{
		Use: "man", Short: "Print the manual page, for man -l -", Args: takes(0, 0),
		Example:           "hearth man | man -l -\nhearth man > /usr/local/share/man/man1/hearth.1",
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			_, err := io.WriteString(e.Out, manual(cmd.Root()))
			return err
		},
	}
}

// manual is the manual page: what the help says of hearth and of every verb.
func manual(root *cobra.Command) string {
	var p page
	p.macro(".TH", strings.ToUpper(root.Name()), "1", "", root.Name(), "User Commands")
	p.section("Name")
	p.text(root.Name() + " - " + root.Short)
	p.section("Synopsis")
	p.text(root.Name() + " [VERB] [ARGUMENT…] [FLAG…]")
	p.section("Description")
	p.text(root.Long)
	p.section("Flags of every verb")
	p.flags(root.PersistentFlags())
	p.section("Verbs")
	for _, c := range root.Commands() {
		if !c.IsAvailableCommand() || c.Name() == "help" {
			continue
		}
		p.verb(root.Name()+" "+c.Use, c)
		for _, sub := range c.Commands() {
			if c.Name() != "completion" && sub.IsAvailableCommand() { // whose own are shells
				p.verb(root.Name()+" "+c.Name()+" "+sub.Use, sub)
			}
		}
	}
	return p.String()
}

// verb tells of one.
func (p *page) verb(title string, c *cobra.Command) {
	p.macro(".SS", title)
	p.text(c.Short + ".")
	if c.Long != "" {
		p.text(c.Long)
	}
	p.flags(c.LocalNonPersistentFlags())
	p.example(c.Example)
}

// page is roff in the making.
type page struct{ strings.Builder }

func (p *page) macro(name string, args ...string) {
	p.WriteString(name)
	for _, a := range args {
		fmt.Fprintf(p, " %q", roff(a))
	}
	p.WriteString("\n")
}

func (p *page) section(title string) { p.macro(".SH", strings.ToUpper(title)) }

// text writes paragraphs, which blank lines part; indented lines are kept as they
// are.
func (p *page) text(s string) {
	for _, para := range strings.Split(strings.TrimSpace(s), "\n\n") {
		if strings.HasPrefix(para, "  ") {
			p.example(para)
		} else {
			p.WriteString(".PP\n" + roff(para) + "\n")
		}
	}
}

func (p *page) example(s string) {
	if s != "" {
		p.WriteString(".PP\n.nf\n.RS 4\n" + roff(s) + "\n.RE\n.fi\n")
	}
}

func (p *page) flags(set *pflag.FlagSet) {
	set.VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" || f.Name == "version" {
			return
		}
		name := "--" + f.Name
		if f.Shorthand != "" {
			name = "-" + f.Shorthand + ", " + name
		}
		if f.Value.Type() != "bool" {
			name += " " + placeholder(f)
		}
		usage := f.Usage
		switch f.DefValue {
		case "", "false", "0", "[]":
		default:
			usage += " (default " + f.DefValue + ")"
		}
		p.WriteString(".TP\n\\fB" + roff(name) + "\\fR\n" + roff(usage) + "\n")
	})
}

// placeholder stands for a flag's value.
func placeholder(f *pflag.Flag) string {
	switch f.Name {
	case "store", "config", "out", "capture":
		return "FILE"
	case "onto":
		return "VOLUME"
	case "resume":
		return "ENTRY"
	case "leave-out":
		return "FIELD"
	case "property":
		return "KEY=VALUE"
	case "availability-zone":
		return "ZONE"
	case "new":
		return "[NAME]"
	case "limit", "volumes", "backups", "seed", "version", "size":
		return "N"
	}
	return strings.ToUpper(f.Name)
}

// roff writes text so that man(1) shows it as it is.
func roff(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`).Replace(s)
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, ".") {
			lines[i] = `\&` + line
		}
	}
	return strings.Join(lines, "\n")
}
