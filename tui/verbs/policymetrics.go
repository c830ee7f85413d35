package verbs

import (
	"fmt"
	"strings"
	"time"

	"hearth/core"
	"hearth/store/jobs"
)

// metric is a gauge in the text format of Prometheus.
type metric struct {
	name, help string
	lines      []string
}

// label is a name of a sample and its value.
type label struct{ name, value string }

func (m *metric) add(value float64, labels ...label) {
	var parts []string
	for _, l := range labels {
		text := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(core.Visible(l.value))
		parts = append(parts, l.name+`="`+text+`"`)
	}
	m.lines = append(m.lines, fmt.Sprintf("%s{%s} %g", m.name, strings.Join(parts, ","), value))
}

// seconds is a time as a sample has it.
func seconds(t time.Time) float64 { return float64(t.Unix()) }

// policyMetrics is a report for the textfile collector of node_exporter. What is not known is
// left out, and counted.
func policyMetrics(r *jobs.PolicyReport, place string, now time.Time) string {
	checked := metric{name: "hearth_policy_check_timestamp_seconds", help: "When hearth last held the place to its policies."}
	unseen := metric{name: "hearth_policy_unseen", help: "How many things the check could not see, as it says on stderr."}
	every := metric{name: "hearth_policy_every_seconds", help: "How often the policy wants a backup."}
	volumes := metric{name: "hearth_policy_volumes", help: "Volumes that the policy is about, by whether it is kept."}
	newest := metric{name: "hearth_policy_newest_backup_timestamp_seconds", help: "When the newest available backup of the volume was made."}
	since := metric{name: "hearth_policy_broken_since_timestamp_seconds", help: "Since when the volume breaks its policy."}
	at := label{"place", place}
	provenEvery := metric{name: "hearth_policy_proven_every_seconds", help: "Within what time the policy wants a backup proven in a drill."}
	proofs := metric{name: "hearth_policy_proofs", help: "Volumes of which the policy wants a backup proven, by whether one was in time."}
	proven := metric{name: "hearth_policy_last_proven_timestamp_seconds",
		help: "When a drill last proved a backup of the volume, byte for byte, as far as the archive knows."}
	unproven := metric{name: "hearth_policy_unproven_since_timestamp_seconds", help: "Since when no backup of the volume was proven in time."}
	checked.add(seconds(now), at)
	unseen.add(float64(len(r.Unseen)), at)
	for _, p := range r.Policies {
		policy := label{"policy", p.Name}
		every.add(p.Every.Seconds(), at, policy)
		n, m := r.Count(p.Name), r.CountProofs(p.Name)
		if p.ProvenEvery > 0 {
			provenEvery.add(p.ProvenEvery.Seconds(), at, policy)
		}
		for _, k := range []core.Keeping{core.PolicyKept, core.PolicyBroken, core.PolicyMissed, core.PolicyUnknown} {
			volumes.add(float64(n[k]), at, policy, label{"state", string(k)})
			if p.ProvenEvery > 0 {
				proofs.add(float64(m[k]), at, policy, label{"state", string(k)})
			}
		}
	}
	for i := range r.States {
		s := &r.States[i]
		of := []label{at, {"policy", s.Policy}, {"volume_id", string(s.Volume.ID)}, {"volume", s.Volume.Name.Or("")},
			{"project_id", string(s.Volume.ProjectID)}}
		if s.Newest.Set && s.Aged != core.PolicyUnknown {
			newest.add(seconds(s.Newest.V), of...)
		}
		if s.Since.Set {
			since.add(seconds(s.Since.V), of...)
		}
		if s.Proof.Last.Set {
			proven.add(seconds(s.Proof.Last.V), of...)
		}
		if s.Proof.Since.Set {
			unproven.add(seconds(s.Proof.Since.V), of...)
		}
	}
	var b strings.Builder
	for _, m := range []metric{checked, unseen, every, volumes, newest, since, provenEvery, proofs, proven, unproven} {
		if len(m.lines) > 0 {
			fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %s gauge\n%s\n", m.name, m.help, m.name, strings.Join(m.lines, "\n"))
		}
	}
	return b.String()
}
