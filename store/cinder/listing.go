package cinder

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"time"

	"hearth/core"
)

// listing reads a page of a list, newest first: Cinder's own order.
func (p *Place) listing(ctx context.Context, reach core.Reach, tried, path, marker string, limit int, count bool) ([]byte, error) {
	q := url.Values{}
	if limit > 0 {
		q.Set("limit", strconv.Itoa(limit))
	}
	if marker != "" {
		q.Set("marker", marker)
	}
	if count && p.version() >= vCount { // older ones take it for a filter that nothing fulfils
		q.Set("with_count", "true")
	}
	if reach == core.ReachAll {
		q.Set("all_tenants", "1")
	}
	fresh := p.version() == 0
	r, err := p.session.do(ctx, call{tried: tried, path: path, query: q, bounds: pageBounds(limit)})
	if err != nil || !count || !fresh || p.version() < vCount {
		return r.body, err
	}
	// The cloud's version was not known before this answer: it is asked for the count alone.
	q.Set("limit", "1")
	q.Set("with_count", "true")
	counted, err := p.session.do(ctx, call{tried: tried, path: path, query: q, bounds: pageBounds(1)})
	var doc struct{ Count *int }
	if err != nil || json.Unmarshal(counted.body, &doc) != nil || doc.Count == nil {
		return r.body, err
	}
	body := bytes.TrimSuffix(bytes.TrimSpace(r.body), []byte("}"))
	return fmt.Appendf(body[:len(body):len(body)], `, "count": %d}`, *doc.Count), nil
}

// listingFrom reads a page by its offset.
func (p *Place) listingFrom(ctx context.Context, reach core.Reach, tried, path string, offset, limit int) ([]byte, error) {
	q := url.Values{"limit": {strconv.Itoa(limit)}, "offset": {strconv.Itoa(offset)}}
	if reach == core.ReachAll {
		q.Set("all_tenants", "1")
	}
	r, err := p.session.do(ctx, call{tried: tried, path: path, query: q, bounds: pageBounds(limit)})
	return r.body, err
}

// listingName names a kept list: other projects' lists are others.
func listingName(kind string, reach core.Reach) string {
	if reach == core.ReachAll {
		return kind + " of all projects"
	}
	return kind
}

// listingHead begins a kept list: whose it is, and how its rows are written.
type listingHead struct {
	Login  string `json:"hearth_login"`
	Format int    `json:"hearth_format,omitempty"` // 0: as they are written here
}

func (p *Place) listingHead() listingHead {
	sum := sha256.Sum256([]byte(p.session.login.whose()))
	return listingHead{Login: hex.EncodeToString(sum[:8])}
}

// Why a kept list that is sound is left out.
var (
	errOtherLogin   = errors.New("another login's")
	errNewerListing = errors.New("a newer hearth's")
)

// check says why a list that begins so is left out: a *core.Error, nil where it is not.
func (h listingHead) check(own listingHead) error {
	var why error
	switch {
	case h.Format != own.Format:
		why = errNewerListing
	case h != own:
		why = errOtherLogin
	default:
		return nil
	}
	return core.Fail(core.CodeUnreadable, "read the last listing", "what was kept of the last look is "+why.Error()+
		", and is left out", "", why)
}

// loadListing reads a kept list, and says since when it holds: the zero time where there is
// none, or none to go by, and then the error is why.
func loadListing[R, T any](ctx context.Context, p *Place, reach core.Reach, kind string, row func(*R) T) ([]T, time.Time, error) {
	if p.options.Listings == nil {
		return nil, time.Time{}, nil
	}
	var out []T
	at, err := p.options.Listings.Listing(ctx, p.location, listingName(kind, reach), func(r io.Reader) error {
		d := json.NewDecoder(r)
		var head listingHead
		if err := d.Decode(&head); err != nil {
			return err
		}
		if err := head.check(p.listingHead()); err != nil {
			return err
		}
		for {
			var x R
			switch err := d.Decode(&x); {
			case err == io.EOF:
				return nil
			case err != nil:
				return err
			}
			out = append(out, row(&x))
		}
	})
	if err != nil || at.IsZero() {
		return nil, time.Time{}, err // the cloud will tell
	}
	return out, at, nil
}

// listingAt is when the kept list was read, as [loadListing] says it.
func listingAt(ctx context.Context, p *Place, reach core.Reach, kind string) (time.Time, error) {
	if p.options.Listings == nil {
		return time.Time{}, nil
	}
	return p.options.Listings.Listing(ctx, p.location, listingName(kind, reach), func(r io.Reader) error {
		var head listingHead
		if err := json.NewDecoder(r).Decode(&head); err != nil {
			return err
		}
		return head.check(p.listingHead())
	})
}

// saveListing keeps a list, a row a line: it is written as it is packed, so that it
// never lies in memory whole.
func saveListing[R, T any](ctx context.Context, p *Place, reach core.Reach, kind string, rows []T, at time.Time, row func(*T) R) {
	if p.options.Listings == nil {
		return
	}
	// That it could not be kept costs the next run a moment.
	p.options.Listings.KeepListing(ctx, p.location, listingName(kind, reach), at, func(w io.Writer) error {
		e := json.NewEncoder(w)
		if err := e.Encode(p.listingHead()); err != nil {
			return err
		}
		for i := range rows {
			if err := e.Encode(row(&rows[i])); err != nil {
				return err
			}
		}
		return nil
	})
}
