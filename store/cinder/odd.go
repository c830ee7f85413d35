package cinder

import (
	"encoding/json"
	"errors"

	"hearth/core"
)

// A row with a value of another kind than Cinder sends, as a size that is a text, is
// no reason to lose it, or the page that it stands on: the value is kept as it came
// (core.Odd), and the others are read.

// lenient reads a row, leaving out what does not fit. ok is false where it is no row at
// all.
func lenient[R any](raw []byte) (row R, ok bool) {
	if json.Unmarshal(raw, &row) == nil {
		return row, true
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(raw, &fields) != nil || fields == nil {
		return row, false
	}
	odd := core.Odd{}
	for key, value := range fields {
		one, err := json.Marshal(map[string]json.RawMessage{key: value})
		var alone R
		if err != nil || json.Unmarshal(one, &alone) != nil {
			odd[key] = string(value)
			delete(fields, key)
		}
	}
	rest, err := json.Marshal(fields)
	row = *new(R)
	if err != nil || json.Unmarshal(rest, &row) != nil {
		return row, false
	}
	if keeps, is := any(&row).(interface{ odd() *core.Odd }); is && len(odd) > 0 {
		*keeps.odd() = odd
	}
	return row, true
}

// oneRow reads a row that was asked for alone.
func oneRow[R any](tried string, raw []byte) (R, error) {
	row, ok := lenient[R](raw)
	if !ok {
		return row, decode(tried, raw, &row)
	}
	return row, nil
}

// oddPage reads a page that could not be read in one go, row by row. What is no row is
// left out: it has no id to be known by.
func oddPage[R any](body []byte, err error) (page pageDoc[R], _ error) {
	var kind *json.UnmarshalTypeError
	var raws pageDoc[json.RawMessage]
	if !errors.As(err, &kind) || json.Unmarshal(body, &raws) != nil {
		return page, err
	}
	page.BackupsLinks, page.VolumesLinks, page.Count = raws.BackupsLinks, raws.VolumesLinks, raws.Count
	for _, x := range []struct {
		raws []json.RawMessage
		rows *[]R
	}{{raws.Backups, &page.Backups}, {raws.Volumes, &page.Volumes}} {
		for _, raw := range x.raws {
			if row, ok := lenient[R](raw); ok {
				*x.rows = append(*x.rows, row)
			}
		}
	}
	return page, nil
}

// oddTimes adds to a row's odd values its times that are none; keys and texts in turn.
func oddTimes(odd core.Odd, times ...string) core.Odd {
	for i := 0; i < len(times); i += 2 {
		if text := times[i+1]; text != "" && !optTime(text).Set {
			all := core.Odd{}
			for k, v := range odd {
				all[k] = v
			}
			quoted, _ := json.Marshal(text)
			all[times[i]], odd = string(quoted), all
		}
	}
	return odd
}
