package verbs

import (
	"fmt"
	"html/template"

	"hearth/core"
)

// reportView is a report as its template wants it. All texts are made visible, and the template
// escapes them for where they stand.
type reportView struct {
	Title, Span string
	Cautions    []string
	Lines       []core.MorningLine
	Failures    [][4]string
	Bars        []bar
	Sizes       string // the points of a line: "0,90 20,80"
	Most        string // what the highest bar stands for
	MostGiB     string
	Width       int
	Projects    [][]string
	Drills      [][]string
	NoBook      string
	Done        []doneSum
}

// bar is a day of a picture, in its units.
type bar struct {
	X, Y, H, FailedY, FailedH int
	Day                       string
	Rows, Failed              int
}

// The picture's measures.
const (
	barWidth = 18
	barStep  = 22
	barsHigh = 100
)

func visible(texts []string) []string {
	out := make([]string, len(texts))
	for i, t := range texts {
		out[i] = core.Visible(t)
	}
	return out
}

func (r *report) view() reportView {
	p := reportView{Title: core.Visible(r.Title), Span: r.span(), Cautions: visible(r.cautions()),
		NoBook: core.Visible(r.NoBook), Done: r.Done}
	for _, l := range r.Lines() {
		l.Head, l.Count, l.Text = core.Visible(l.Head), core.Visible(l.Count), core.Visible(l.Text)
		p.Lines = append(p.Lines, l)
	}
	for _, c := range r.failures() {
		p.Failures = append(p.Failures, [4]string(visible(c[:])))
	}
	for _, c := range r.projects() {
		p.Projects = append(p.Projects, visible(c))
	}
	for i := range r.Drills {
		d := &r.Drills[i]
		p.Drills = append(p.Drills, visible([]string{d.Title(), clock(d.At.UTC(), false), core.Lasting(d.Took), d.Came(), core.Bytes(d.Compared),
			d.Says()}))
	}
	r.picture(&p)
	return p
}

// picture makes the bars of what was made, and the line of how large all was on the days
// that are kept.
func (r *report) picture(p *reportView) {
	made := r.made()
	most, mostGiB := 1, int64(1)
	for _, m := range made {
		most = max(most, m.Rows)
	}
	size := map[string]int64{}
	for _, d := range r.Days {
		size[d.Day] = d.GiB
		if len(made) > 0 && d.Day >= made[0].Day {
			mostGiB = max(mostGiB, d.GiB)
		}
	}
	points := 0
	for i, m := range made {
		h, f := m.Rows*barsHigh/most, m.Failed*barsHigh/most
		if m.Failed > 0 {
			f = max(f, 2) // that it is seen
		}
		p.Bars = append(p.Bars, bar{X: i * barStep, Y: barsHigh - h, H: h, FailedY: barsHigh - f, FailedH: f, Day: m.Day, Rows: m.Rows,
			Failed: m.Failed})
		if gib, kept := size[m.Day]; kept {
			p.Sizes += fmt.Sprintf("%d,%d ", i*barStep+barWidth/2, barsHigh-int(gib*barsHigh/mostGiB))
			points++
		}
	}
	if points < 2 {
		p.Sizes = ""
	}
	p.Most, p.MostGiB, p.Width = core.Count(most, "backup"), fmt.Sprintf("%d GiB", mostGiB), max(len(made)*barStep, barStep)
}

// reportPage is one file that loads nothing and runs nothing: the policy says so to the
// browser, too. It is XML as well, so that a strict reader takes it.
var reportPage = template.Must(template.New("report").Parse(`<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" lang="en">
<head>
<meta charset="utf-8"/>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<title>Backups of {{.Title}}</title>
<style>
body { font: 15px/1.45 system-ui, sans-serif; max-width: 62em; margin: 2em auto; padding: 0 1em; color: #1c2733; background: #fff; }
h1 { margin-bottom: 0; } p.span { color: #56616d; margin-top: .2em; }
table { border-collapse: collapse; width: 100%; margin: .6em 0 1.6em; }
th, td { text-align: left; vertical-align: top; padding: .3em .7em .3em 0; border-bottom: 1px solid #dde3e8; overflow-wrap: anywhere; }
th.level { white-space: nowrap; } .bad { color: #a3200d; } .good { color: #17683a; } .unknown { color: #6b5400; } .plain { color: #1c2733; }
blockquote { border-left: 4px solid #c9a100; margin: 1em 0; padding: .2em 1em; }
svg { width: 100%; height: auto; max-height: 15em; } .b { fill: #4a7fb5; } .f { fill: #c0341d; }
.s { fill: none; stroke: #17683a; stroke-width: 2; }
</style>
</head>
<body>
<h1>Backups of {{.Title}}</h1>
<p class="span">{{.Span}}</p>
{{range .Cautions}}<blockquote>{{.}}</blockquote>
{{end}}<table>
{{range .Lines}}<tr><th class="level {{.Level}}" scope="row">{{.Head}}</th><td class="{{.Level}}">{{.Count}}</td><td>{{.Text}}</td></tr>
{{end}}</table>
{{if .Bars}}<h2>Day by day</h2>
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 -4 {{.Width}} 108" role="img" aria-label="backups made, by day">
{{range .Bars}}<g><title>{{.Day}}: {{.Rows}} made, {{.Failed}} of them failed</title>` +
	`<rect class="b" x="{{.X}}" y="{{.Y}}" width="18" height="{{.H}}"/>` +
	`<rect class="f" x="{{.X}}" y="{{.FailedY}}" width="18" height="{{.FailedH}}"/></g>
{{end}}{{if .Sizes}}<polyline class="s" points="{{.Sizes}}"/>
{{end}}</svg>
<p>Blue: backups made that day that are still there, at most {{.Most}}; red: failed.
{{if .Sizes}} Green: the size of all, at most {{.MostGiB}}.{{end}}</p>
{{end}}{{if .Failures}}<h2>What failed</h2>
<table>
<tr><th scope="col">Backup</th><th scope="col">Volume</th><th scope="col">When (UTC)</th><th scope="col">Why</th></tr>
{{range .Failures}}<tr>{{range .}}<td>{{.}}</td>{{end}}</tr>
{{end}}</table>
{{end}}<h2>Projects</h2>
<table>
<tr><th scope="col">Project</th><th scope="col">Backups</th><th scope="col">GiB</th><th scope="col">Failed</th>` +
	`<th scope="col">Volumes</th><th scope="col">Unprotected</th></tr>
{{range .Projects}}<tr>{{range .}}<td>{{.}}</td>{{end}}</tr>
{{end}}</table>
<h2>Drills</h2>
{{if .NoBook}}<p>Unknown, because {{.NoBook}}.</p>
{{else if .Drills}}<table>
<tr><th scope="col">Backup</th><th scope="col">When (UTC)</th><th scope="col">Took</th><th scope="col">Fields</th>` +
	`<th scope="col">Compared</th><th scope="col">Verdict</th></tr>
{{range .Drills}}<tr>{{range .}}<td>{{.}}</td>{{end}}</tr>
{{end}}</table>
{{else}}<p>There was none.</p>
{{end}}{{if .Done}}<h2>What hearth did</h2>
<ul>
{{range .Done}}<li>{{.Kind}} {{.State}}: {{.N}}</li>
{{end}}</ul>
{{end}}</body>
</html>
`))
