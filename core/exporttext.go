package core

import (
	"strings"

	"hearth/core/pyjson"
)

// RecordFormat is a way of writing records for somebody to take elsewhere.
type RecordFormat string

const (
	FormatAPI       RecordFormat = "json"      // as the API writes it; several: a list
	FormatCinder    RecordFormat = "cinder"    // the cinder client's import command
	FormatOpenStack RecordFormat = "openstack" // the openstack client's import command
	FormatText      RecordFormat = "text"      // the service and the base64, a line each
)

// RecordFormats are the formats that can be chosen.
var RecordFormats = []RecordFormat{FormatAPI, FormatCinder, FormatOpenStack, FormatText}

// Title is the format for people.
func (f RecordFormat) Title() string {
	switch f {
	case FormatAPI:
		return "API JSON"
	case FormatCinder:
		return "cinder backup-import command"
	case FormatOpenStack:
		return "openstack import command"
	case FormatText:
		return "service and base64"
	}
	return string(f)
}

// Warning is what to know before using the format, "" if nothing.
func (f RecordFormat) Warning() string {
	switch f {
	case FormatOpenStack:
		return "python-openstackclient 10.2 and later with openstacksdk 4.16 and later throws the record away on import; " +
			"use the cinder client or hearth there"
	case FormatCinder:
		return "the record then stands in the shell's history and in the process list"
	}
	return ""
}

// WriteRecords writes records in a format. The base64 is the record's own, byte
// for byte, but in commands and text, where line ends inside it are left out.
func WriteRecords(records []Record, f RecordFormat) string {
	var b strings.Builder
	switch f {
	case FormatCinder, FormatOpenStack:
		command := "cinder backup-import "
		if f == FormatOpenStack {
			command = "openstack volume backup record import "
		}
		for _, r := range records {
			b.WriteString(command + shellQuote(r.Service) + " " + shellQuote(oneLine(r.URL)) + "\n")
		}
	case FormatText:
		for _, r := range records {
			b.WriteString(r.Service + "\n" + oneLine(r.URL) + "\n")
		}
	default:
		var list []pyjson.Value
		for _, r := range records {
			wrap := &pyjson.Object{}
			wrap.Set("backup-record", pyjson.OfDict(r.Object()))
			list = append(list, pyjson.OfDict(wrap))
		}
		if len(list) == 1 {
			return pyjson.Text(list[0]) + "\n"
		}
		for i, v := range list {
			b.WriteString([2]string{"[", ",\n "}[boolInt(i > 0)] + pyjson.Text(v))
		}
		b.WriteString("]\n")
	}
	return b.String()
}

func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\r' || r == ' ' {
			return -1
		}
		return r
	}, s)
}

// shellQuote quotes a word for a POSIX shell, if it needs it.
func shellQuote(s string) string {
	for _, r := range s {
		if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._+/=-:@", r)) {
			return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
		}
	}
	if s == "" {
		return "''"
	}
	return s
}
