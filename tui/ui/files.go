package ui

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/tui/grid"
)

// filesScreen lets a file be chosen: a path is typed, and what fits it is listed.
// Folders and files are read off the loop.
type filesScreen struct {
	host Host
	Read
	name  string
	note  string // what the file is wanted for
	field textinput.Model
	table *grid.Model
	dir   string // whose entries are here
	all   []fileRow
	rows  []fileRow // those that fit what is typed
	// take makes what is chosen into a message for the screen below, or says what is
	// wrong with it.
	Take   func(file, text string) (tea.Msg, error)
	Answer func(tea.Msg) tea.Msg // to the screen that asked
}

// fileRow is an entry of a folder.
type fileRow struct {
	name   string
	folder bool
	size   int64
	at     time.Time
}

// folderMsg brings the entries of a folder.
type folderMsg struct {
	gen  Generation
	dir  string
	rows []fileRow
	err  error
}

const (
	mostEntries = 5000    // of a folder that are listed
	largestFile = 4 << 20 // that is read; captures are some KB
)

var fileColumns = []grid.Column{
	{Title: "NAME", Width: 40, Min: 16, Grow: 1},
	{Title: "SIZE", Width: 10, Right: true},
	{Title: "CHANGED", Width: 19, Drop: 1},
}

func NewFiles(host Host, name, note, at string) *filesScreen {
	return &filesScreen{host: host, name: name, note: note, field: NewInput(at), table: grid.New(fileColumns, host.Look().Grid())}
}

func (s *filesScreen) Title() string   { return s.name }
func (s *filesScreen) Init() tea.Cmd   { return s.look() }
func (s *filesScreen) Restyle()        { s.table.SetStyles(s.host.Look().Grid()) }
func (s *filesScreen) WantsText() bool { return true }

// fullPath is a path as it was typed, ~ being the home folder.
func fullPath(path string) string {
	if rest, ok := strings.CutPrefix(path, "~"); ok && (rest == "" || os.IsPathSeparator(rest[0])) {
		if home, err := os.UserHomeDir(); err == nil {
			return home + rest
		}
	}
	return path
}

// split takes what is typed apart: the folder, and the beginning of a name in it.
func (s *filesScreen) split() (dir, begun string) { return filepath.Split(fullPath(s.field.Value())) }

// look reads the folder, if it is another one, and shows what fits.
func (s *filesScreen) look() tea.Cmd {
	dir, _ := s.split()
	if dir == s.dir && s.State != Failed && s.State != Idle {
		s.fill()
		return nil
	}
	s.dir, s.all, s.State = dir, nil, Loading
	s.fill()
	gen := s.Gen.Next()
	return s.host.Ask(func(context.Context) tea.Msg {
		rows, err := readFolder(dir)
		return folderMsg{gen, dir, rows, err}
	})
}

// folder reads a folder's entries: folders first, then files, by name. What is
// neither is left out.
func readFolder(dir string) ([]fileRow, error) {
	if dir == "" {
		dir = "."
	}
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	entries, err := f.ReadDir(mostEntries)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	var rows []fileRow
	for _, e := range entries {
		info, err := os.Stat(filepath.Join(dir, e.Name())) // a link's end
		if err != nil || !info.IsDir() && !info.Mode().IsRegular() {
			continue
		}
		rows = append(rows, fileRow{e.Name(), info.IsDir(), info.Size(), info.ModTime()})
	}
	slices.SortFunc(rows, func(a, b fileRow) int {
		if a.folder != b.folder {
			return map[bool]int{true: -1, false: 1}[a.folder]
		}
		return strings.Compare(a.name, b.name)
	})
	return rows, nil
}

// fill chooses the entries that fit what is typed; hidden ones only where their
// dot is.
func (s *filesScreen) fill() {
	_, begun := s.split()
	s.rows = nil
	for _, r := range s.all {
		if strings.HasPrefix(core.Fold(r.name), core.Fold(begun)) && (r.name[0] != '.' || strings.HasPrefix(begun, ".")) {
			s.rows = append(s.rows, r)
		}
	}
	s.table.SetSource(s)
	s.table.Home()
}

func (s *filesScreen) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case folderMsg:
		if msg.gen != s.Gen {
			return nil
		}
		s.State, s.Err, s.all = Ready, nil, msg.rows
		if msg.err != nil {
			s.State, s.Err = Failed, core.Fail(core.CodeNotFound, "list "+msg.dir, pathTrouble(msg.err), "", msg.err)
		}
		s.fill()
	case fileTakenMsg:
		answer := s.Answer
		return tea.Batch(CloseScreen, func() tea.Msg { return answer(msg.msg) })
	case tea.PasteMsg:
		return s.typed(msg)
	}
	return nil
}

// pathTrouble is what is wrong with a path, without the path.
func pathTrouble(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "there is no such file or folder"
	case errors.Is(err, fs.ErrPermission):
		return "you may not read it"
	}
	var e *fs.PathError
	if errors.As(err, &e) {
		return e.Err.Error()
	}
	return err.Error()
}

func (s *filesScreen) Type(k tea.KeyPressMsg) tea.Cmd { return s.typed(k) }

func (s *filesScreen) typed(msg tea.Msg) tea.Cmd {
	before := s.field.Value()
	var cmd tea.Cmd
	if s.field, cmd = s.field.Update(msg); s.field.Value() == before {
		return cmd
	}
	return tea.Batch(cmd, s.look())
}

// Len, Row and Key make the screen the table's source.
func (s *filesScreen) Len() int         { return len(s.rows) }
func (s *filesScreen) Key(i int) string { return s.rows[i].name }
func (s *filesScreen) Row(i int) ([]grid.Cell, bool) {
	r := s.rows[i]
	at := grid.Cell{Text: s.host.Look().Clock(core.Some(r.at)), Style: s.host.Look().Dim}
	if r.folder {
		return []grid.Cell{{Text: core.Visible(r.name) + "/", Style: s.host.Look().Accent}, {}, at}, true
	}
	return []grid.Cell{{Text: core.Visible(r.name)}, {Text: core.Bytes(r.size)}, at}, true
}

func (s *filesScreen) Resize(w, h int) { s.table.SetSize(w, max(h-3, 2)) }

func (s *filesScreen) View(w, _ int) string {
	st := s.host.Look()
	lines := []string{Clip(st.Dim.Paint(core.Visible(s.note)), w), st.Key.Paint("> ") + st.Input(s.field, w-2)}
	switch {
	case s.State == Loading:
		lines = append(lines, "", "  "+st.Busy.Paint("◌ reading…"))
	case s.State == Failed:
		lines = append(lines, FailedView(st, s.Err, "", w))
	case len(s.rows) == 0:
		lines = append(lines, "", "  "+st.Dim.Paint("nothing here begins like that"))
	default:
		lines = append(lines, s.table.View())
	}
	return strings.Join(lines, "\n")
}

// chosen is the path of the entry under the cursor, as it would be typed; what is
// typed where nothing fits it.
func (s *filesScreen) chosen() (path string, folder bool) {
	if len(s.rows) == 0 {
		return s.field.Value(), false
	}
	r := s.rows[s.table.Cursor()]
	dir, _ := filepath.Split(s.field.Value())
	if r.folder {
		return dir + r.name + string(filepath.Separator), true
	}
	return dir + r.name, false
}

// complete types the path of the entry under the cursor.
func (s *filesScreen) complete() tea.Cmd {
	path, _ := s.chosen()
	s.field.SetValue(path)
	s.field.CursorEnd()
	return s.look()
}

// open goes into the folder under the cursor, or takes the file.
func (s *filesScreen) open() tea.Cmd {
	path, folder := s.chosen()
	if folder {
		return s.complete()
	}
	file, err := filepath.Abs(fullPath(strings.TrimSpace(path)))
	if err != nil {
		return Fail(err)
	}
	take := s.Take
	return tea.Batch(Looking("Reading "+core.Visible(file)), s.host.Ask(func(context.Context) tea.Msg {
		text, err := readWhole(file)
		if err != nil {
			return Failure(err)
		}
		msg, err := take(file, text)
		if err != nil {
			return Failure(err)
		}
		return fileTakenMsg{msg}
	}))
}

// fileTakenMsg brings what is for the screen below.
type fileTakenMsg struct{ msg tea.Msg }

// readWhole reads a file that may be chosen: no folder, no pipe, not too large.
func readWhole(file string) (string, error) {
	tried := "read " + core.Visible(file)
	info, err := os.Stat(file)
	switch {
	case err != nil:
		return "", core.Fail(core.CodeNotFound, tried, pathTrouble(err), "", err)
	case !info.Mode().IsRegular():
		return "", core.Fail(core.CodeUnreadable, tried, "it is no file", "choose a file", nil)
	case info.Size() > largestFile:
		return "", core.Fail(core.CodeUnreadable, tried, "it has "+core.Bytes(info.Size())+", and a capture has some KB",
			"choose another file", nil)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", core.Fail(core.CodeNotFound, tried, pathTrouble(err), "", err)
	}
	return string(text), nil
}

func (s *filesScreen) Actions() []Action { return s.FieldActions() }

// FieldActions are the keys that are no text.
func (s *filesScreen) FieldActions() []Action {
	up := func(n int) func() tea.Cmd {
		return func() tea.Cmd {
			s.table.Step(n)
			return nil
		}
	}
	page := func(n int) func() tea.Cmd {
		return func() tea.Cmd {
			s.table.Page(n)
			return nil
		}
	}
	const group = "Choosing a file"
	out := []Action{
		{Name: "file-take", Keys: []string{"enter"}, Label: "take it", Run: s.open,
			Help: "Take the file under the cursor, or go into the folder"},
		{Name: "file-complete", Keys: []string{"tab"}, Label: "complete", Run: s.complete,
			Help: "Complete the path with what is under the cursor"},
		{Name: "chooser-down", Keys: []string{"down"}, Help: "Down", Run: up(1)},
		{Name: "chooser-up", Keys: []string{"up"}, Help: "Up", Run: up(-1)},
		{Name: "chooser-page-down", Keys: []string{"pgdown"}, Help: "A page down", Run: page(1)},
		{Name: "chooser-page-up", Keys: []string{"pgup"}, Help: "A page up", Run: page(-1)},
		{Name: "chooser-back", Keys: []string{"esc", "ctrl+c"}, Label: "back", Help: "Go back without a file",
			Run: func() tea.Cmd { return CloseScreen }},
	}
	for i := range out {
		out[i].Group = group
	}
	return out
}
