package verbs

import (
	"cmp"
	"context"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store"
	"hearth/store/jobs"
)

// probed is a place and what it answered.
type probed struct {
	store.PlaceRow
	asked bool
	scope core.Scope
	err   error
}

// patience is how long a place may take to answer.
const patience = 15 * time.Second

var placeColumns = core.Columns[probed]{
	{Name: "name", Key: "name", Title: "Name",
		Value: func(p *probed) pyjson.Value { return orNull(p.Name) }},
	{Name: "location", Key: "location", Title: "Location",
		Value: func(p *probed) pyjson.Value { return pyjson.OfString(p.Location) }},
	{Name: "badge", Key: "badge", Title: "Badge",
		Value: func(p *probed) pyjson.Value { return orNull(p.Badge) }},
	{Name: "read-only", Key: "read_only", Title: "Read-only", Kind: core.FlagColumn,
		Value: func(p *probed) pyjson.Value { return pyjson.OfBool(p.ReadOnly) }},
	{Name: "answers", Key: "answers", Title: "Answers", Kind: core.FlagColumn,
		Value: func(p *probed) pyjson.Value {
			if !p.asked {
				return pyjson.None
			}
			return pyjson.OfBool(p.err == nil)
		}},
	{Name: "region", Key: "region", Title: "Region",
		Value: func(p *probed) pyjson.Value { return orNull(p.scope.Region) }},
	{Name: "project", Key: "project", Title: "Project",
		Value: func(p *probed) pyjson.Value {
			if p.scope.Project.Name != "" {
				return pyjson.OfString(p.scope.Project.Name)
			}
			return orNull(string(p.scope.Project.ID))
		}},
	{Name: "user", Key: "user", Title: "User",
		Value: func(p *probed) pyjson.Value { return orNull(p.scope.User) }},
	{Name: "version", Key: "version", Title: "Version",
		Value: func(p *probed) pyjson.Value { return orNull(p.scope.Version) }},
	{Name: "release", Key: "release", Title: "Release",
		Value: func(p *probed) pyjson.Value {
			if r := p.scope.Release; r.Known() {
				return pyjson.OfString(r.Text())
			}
			return pyjson.None
		}},
	{Name: "release-why", Key: "release_why", Title: "Release, because",
		Value: func(p *probed) pyjson.Value { return orNull(strings.Join(p.scope.Release.Why(), "; ")) }},
	{Name: "roles", Key: "roles", Title: "Roles",
		Value: func(p *probed) pyjson.Value { return orNull(strings.Join(p.scope.Roles, ", ")) }},
	{Name: "may-not", Key: "may_not", Title: "May not",
		Value: func(p *probed) pyjson.Value { return orNull(p.scope.MayNot) }},
	{Name: "beside", Key: "beside", Title: "Beside",
		Value: func(p *probed) pyjson.Value { return orNull(strings.Join(p.Beside, " ")) }},
	{Name: "database", Key: "database", Title: "Database",
		Value: func(p *probed) pyjson.Value {
			if b := p.scope.Beside; b.Location != "" {
				return pyjson.OfString(string(b.Footing))
			}
			return pyjson.None
		}},
	{Name: "database-says", Key: "database_says", Title: "Database says",
		Value: func(p *probed) pyjson.Value {
			if b := p.scope.Beside; b.Location != "" {
				return pyjson.OfString(b.Text())
			}
			return pyjson.None
		}},
	{Name: "error", Key: "error", Title: "Error",
		Value: func(p *probed) pyjson.Value {
			if p.err == nil {
				return pyjson.None
			}
			return pyjson.OfString(told(p.err))
		}},
}

var placeSheet = sheet[probed]{
	columns: placeColumns,
	usual:   []string{"name", "location", "badge", "answers", "region", "project", "user", "version", "release", "error"},
	spare:   []string{"user", "region", "version", "badge", "release"},
}

func (e *Env) places() *cobra.Command {
	f := &format{}
	var quiet bool
	cmd := &cobra.Command{
		Use: "places", Short: "List the places that hearth knows, and whether they answer", Args: takes(0, 0),
		Long: "List the places of the config and the clouds of clouds.yaml, with who hearth is there. Each is asked " +
			"whether it answers, all at once, for at most " + patience.String() + "; a database that is named beside a cloud is held to it.\n\n" +
			"The columns are " + words(placeColumns.Names(), "and") + ".",
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := placeSheet.rows(f, e.Width)
			if err != nil {
				return err
			}
			if e.Places == nil {
				return core.Fail(core.CodeUnsupported, "list the places", "nobody knows of any here", "", nil)
			}
			known, err := e.Places(cmd.Context())
			if err != nil {
				return err
			}
			list := make([]probed, len(known))
			for i := range known {
				list[i].PlaceRow = known[i]
			}
			if !quiet && e.Probe != nil {
				e.probe(cmd.Context(), list)
			}
			n, err := r.list(e.Out, list)
			for i := range list {
				if b := list[i].scope.Beside; err == nil && f.name == "table" && b.Location != "" {
					e.say("%s: %s.", cmp.Or(list[i].Name, list[i].Location), b.Text())
				}
			}
			if err == nil && n == 0 && f.name == "table" {
				e.say("hearth knows no place: name one with --store or --cloud, or in the config.")
			}
			return err
		},
	}
	f.flags(cmd, placeColumns.Names())
	cmd.Flags().BoolVar(&quiet, "no-probe", false, "do not ask them whether they answer")
	return cmd
}

// probe asks all places at once.
func (e *Env) probe(ctx context.Context, list []probed) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var wg sync.WaitGroup
	for i := range list {
		wg.Go(func() {
			p := &list[i]
			p.asked = true
			p.scope, p.err = e.Probe(ctx, p.Location)
		})
	}
	wg.Wait()
}

var messageColumns = core.Columns[core.Message]{
	{Name: "at", Key: "created_at", Title: "At", Kind: core.TimeColumn,
		Value: func(m *core.Message) pyjson.Value { return timeOrNull(m.At) }},
	{Name: "level", Key: "message_level", Title: "Level",
		Value: func(m *core.Message) pyjson.Value { return orNull(m.Level) }},
	{Name: "text", Key: "user_message", Title: "Message",
		Value: func(m *core.Message) pyjson.Value { return orNull(m.Text) }},
	{Name: "resource", Key: "resource_uuid", Title: "About", Kind: core.IDColumn,
		Value: func(m *core.Message) pyjson.Value { return orNull(m.ResourceID) }},
	{Name: "type", Key: "resource_type", Title: "Type",
		Value: func(m *core.Message) pyjson.Value { return orNull(m.ResourceType) }},
	{Name: "event", Key: "event_id", Title: "Event",
		Value: func(m *core.Message) pyjson.Value { return orNull(m.Event) }},
	{Name: "request", Key: "request_id", Title: "Request",
		Value: func(m *core.Message) pyjson.Value { return orNull(m.RequestID) }},
	{Name: "id", Key: "id", Title: "ID", Kind: core.IDColumn,
		Value: func(m *core.Message) pyjson.Value { return orNull(m.ID) }},
}

var messageSheet = sheet[core.Message]{
	columns: messageColumns,
	usual:   []string{"at", "level", "text", "event"},
	spare:   []string{"event", "level"},
	object:  (*core.Message).Object,
}

func (e *Env) messages() *cobra.Command {
	f := &format{}
	cmd := &cobra.Command{
		Use: "messages ID", Short: "Show what the cloud says of what went wrong with a backup or volume", Args: takes(1, 1),
		Long: "Show the messages that the cloud keeps for its users about a backup or volume, newest first; of a backup also " +
			"those about its volume while it was made, as some of what goes wrong is told of the volume only. It forgets " +
			"them after some weeks.\n\n" +
			"The columns are " + words(messageColumns.Names(), "and") + ".",
		ValidArgsFunction: first(e.backupIDs),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := messageSheet.rows(f, e.Width)
			if err != nil {
				return err
			}
			return e.with(cmd, func(ctx context.Context, d jobs.Desk) error {
				id, list, err := about(ctx, d, args[0])
				if err != nil {
					return err
				}
				n, err := r.list(e.Out, list)
				if err == nil && n == 0 && f.name == "table" {
					e.say("There is no message about %s.", id)
				}
				return err
			})
		},
	}
	f.flags(cmd, messageColumns.Names())
	f.localFlag(cmd)
	return cmd
}

// about finds a backup, or else a volume, and what is said of it.
func about(ctx context.Context, d jobs.Desk, ref string) (id string, said []core.Message, err error) {
	b, err := d.ResolveBackup(ctx, ref)
	if err == nil {
		said, err = d.MessagesOf(ctx, &b)
	}
	if core.CodeOf(err) != core.CodeNotFound {
		return string(b.ID), said, err
	}
	v, verr := d.ResolveVolume(ctx, ref)
	switch {
	case core.CodeOf(verr) == core.CodeNotFound:
		return "", nil, core.Fail(core.CodeNotFound, "find "+ref,
			"there is no backup or volume of that id, beginning of an id, or name",
			"list them with hearth backups or hearth volumes", nil)
	case verr != nil:
		return "", nil, verr
	}
	said, err = d.Messages(ctx, string(v.ID))
	return string(v.ID), said, err
}
