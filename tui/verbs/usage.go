package verbs

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"hearth/core"
)

// Prepare gives root hearth's manners: a wrong call is one sentence and exit code
// 2, an unknown verb is told with the one that was meant, and help of a verb that
// is none is a mistake too. root has its verbs already.
func Prepare(root *cobra.Command) {
	root.SilenceUsage, root.SilenceErrors, root.SuggestionsMinimumDistance = true, true, 2
	root.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return noVerb(cmd, args)
		}
		return nil
	}
	root.SetFlagErrorFunc(badFlag)
	root.SetGlobalNormalizationFunc(sameFlag)
	root.AddCommand(versionVerb(root))
	root.SetHelpCommand(helpVerb(root))
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		if c.Name() == "completion" {
			polish(c)
		}
	}
}

func helpVerb(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use: "help [VERB]", Short: "Show the help of a verb", Args: takes(0, 2), // two, as in help completion bash
		ValidArgsFunction: first(func(*cobra.Command, []string, string) (out []cobra.Completion, _ cobra.ShellCompDirective) {
			for _, c := range root.Commands() {
				if c.IsAvailableCommand() {
					out = append(out, cobra.CompletionWithDesc(c.Name(), c.Short))
				}
			}
			return out, cobra.ShellCompDirectiveNoFileComp
		}),
		RunE: func(cmd *cobra.Command, args []string) error {
			verb, rest, err := root.Find(args)
			switch {
			case err != nil || len(rest) > 0 && verb == root:
				return noVerb(root, args)
			case len(rest) > 0:
				return misuse(cmd, rest[0]+" is one argument too many", "")
			}
			return verb.Help()
		},
	}
}

// polish gives cobra's own verb for completions the manners of the others.
func polish(c *cobra.Command) {
	c.Use, c.Short = "completion SHELL", "Print a script that teaches a shell to complete hearth's verbs, flags, ids and names"
	c.Args = nil
	c.RunE = func(cmd *cobra.Command, args []string) error {
		what := "an argument is missing"
		if len(args) > 0 {
			what = "there are no completions for " + args[0]
		}
		return misuse(cmd, what, "name bash, zsh, fish or powershell")
	}
	for _, shell := range c.Commands() {
		shell.Args = takes(0, 0)
	}
}

// noVerb says that there is no such verb, and which may have been meant.
func noVerb(root *cobra.Command, args []string) error {
	next := "hearth help lists those there are"
	if meant, ok := otherWords[args[0]]; ok {
		next = "write " + meant
	} else if near := root.SuggestionsFor(args[0]); len(near) > 0 {
		next = words(near, "or") + " may be meant"
	}
	return core.Fail(core.CodeUsage, "", "there is no verb "+args[0], next, nil)
}

// takes checks the number of arguments; most -1 is any number.
func takes(least, most int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		what := ""
		switch {
		case len(args) < least:
			what = "an argument is missing"
		case most >= 0 && len(args) > most:
			what = args[most] + " is one argument too many"
		default:
			return nil
		}
		return misuse(cmd, what, "")
	}
}

// misuse is the error of a wrong call: what is wrong, and how it is written.
func misuse(cmd *cobra.Command, what, next string) error {
	if next == "" {
		next = "write " + strings.TrimSuffix(cmd.CommandPath(), cmd.Name()) + cmd.Use
	}
	return core.Fail(core.CodeUsage, "run "+cmd.CommandPath(), what, next, nil)
}

// badFlag puts cobra's error about a flag into words.
func badFlag(cmd *cobra.Command, err error) error {
	list := cmd.CommandPath() + " --help lists the flags"
	var unknown *pflag.NotExistError
	var bare *pflag.ValueRequiredError
	var bad *pflag.InvalidValueError
	switch {
	case errors.As(err, &unknown):
		name := "--" + unknown.GetSpecifiedName()
		if unknown.GetSpecifiedShortnames() != "" {
			name = name[1:]
		}
		if next := otherFlag(unknown.GetSpecifiedName()); next != "" {
			list = next
		}
		return misuse(cmd, "there is no flag "+name, list)
	case errors.As(err, &bare):
		return misuse(cmd, "nothing follows --"+bare.GetFlag().Name, list)
	case errors.As(err, &bad):
		kind := map[string]string{"bool": "true or false", "int": "a number", "int64": "a number"}[bad.GetFlag().Value.Type()]
		return misuse(cmd, fmt.Sprintf("--%s wants %s, and %q is none", bad.GetFlag().Name, kind, bad.GetValue()), list)
	}
	return misuse(cmd, err.Error(), list)
}

// checkLimit refuses a --limit that is given and no number from 1.
func checkLimit(cmd *cobra.Command, limit int) error {
	if limit < 0 || limit == 0 && cmd.Flags().Changed("limit") {
		return misuse(cmd, "--limit wants a number from 1", "leave it out for all")
	}
	return nil
}

// Arguments writes a command line so that cobra can read it: its flags take one
// value each, but --new takes a name or none, and --capture several files, as a
// shell's * gives them. So "--new" becomes "--new=", "--new NAME" becomes
// "--new=NAME", and a file, or the word unknown, after "--capture FILE" gets a
// --capture of its own.
func Arguments(args []string) []string {
	var out []string
	for i := 0; i < len(args); i++ {
		more := func() bool { return i+1 < len(args) && !strings.HasPrefix(args[i+1], "-") }
		switch a := args[i]; a {
		case "--":
			return append(out, args[i:]...)
		case "-V": // as the openstack client has it
			out = append(out, "--version")
		case "--new":
			if more() {
				i++
				a += "=" + args[i]
			} else {
				a += "="
			}
			out = append(out, a)
		case "--capture":
			out = append(out, a)
			if i+1 < len(args) {
				i++
				out = append(out, args[i])
			}
			for more() && (args[i+1] == unknownLayer || isFile(args[i+1])) {
				i++
				out = append(out, a, args[i])
			}
		default:
			out = append(out, a)
		}
	}
	return out
}

func isFile(name string) bool {
	info, err := os.Stat(name)
	return err == nil && !info.IsDir()
}
