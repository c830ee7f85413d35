package cinder

import (
	"regexp"
	"sync"

	"hearth/core"
)

// replayed is an answer that was given before, or is to another request: a cache, or a
// proxy that mixed two up, gave it. It says nothing of what was asked for now.
type replayed struct {
	request string // Cinder's id of the request that it answered
	other   string // what it names that was not asked for; "": it was heard before
}

func (r *replayed) Error() string {
	if r.other != "" {
		return "the answer " + r.request + " is to another request: it names the " + r.other
	}
	return "the answer to " + r.request + " came again"
}

func (r *replayed) explain(tried string, at party) error {
	if r.other != "" {
		return core.Fail(core.CodeUnavailable, tried,
			"the answer from "+at.name+" is to another request ("+r.request+"): it names the "+r.other+", so that nothing is known of this one",
			lookFirst, r)
	}
	return core.Fail(core.CodeUnavailable, tried,
		"an answer that "+at.name+" gave before came again ("+r.request+"), so that nothing is known of this one", lookFirst, r)
}

// mostHeard is how many answers are remembered: those that a proxy may still hold.
const mostHeard = 2048

// requestIDs are the ids that every answer of OpenStack's has one of, and no two the same
// (oslo_middleware/request_id.py, oslo_context/context.py generate_request_id).
var requestIDs = regexp.MustCompile(`^req-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// heard remembers answers by their request's ids.
type heard struct {
	mu    sync.Mutex
	ids   map[string]bool
	order []string // a ring
	next  int
}

// again notes an answer, and returns its id if it was heard before, else "".
func (h *heard) again(id string) string {
	if !requestIDs.MatchString(id) {
		return ""
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ids[id] {
		return id
	}
	if h.ids == nil {
		h.ids, h.order = map[string]bool{}, make([]string, mostHeard)
	}
	delete(h.ids, h.order[h.next])
	h.ids[id], h.order[h.next] = true, id
	h.next = (h.next + 1) % mostHeard
	return ""
}

// answeredAs is the id of the request that an answer, or a refusal, is to.
func answeredAs(r reply, err error) string {
	if f := faultOf(err); f != nil {
		return f.request
	}
	return r.header.Get("X-Openstack-Request-Id")
}
