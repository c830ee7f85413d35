package main

import (
	"regexp"
	"strings"
)

// refusedKind begins the kinds that may not be linked, notice is what is no licence and has
// to be passed on all the same.
const (
	refusedKind = "refused: "
	notice      = "notice"
)

// kinds are the licences that may be in hearth, each with sentences of it that must all be
// there. All let the program be passed on under the Apache License, whoever does so; those
// that ask to be passed on with it are, in NOTICES.
var kinds = []struct {
	name      string
	sentences []string
}{
	{"MIT", []string{"permission is hereby granted, free of charge, to any person obtaining a copy",
		"the above copyright notice and this permission notice shall be included in all copies or substantial portions",
		"provided as is, without warranty of any kind"}},
	{"BSD-3-Clause", []string{"redistribution and use in source and binary forms, with or without modification, are permitted provided that",
		"redistributions in binary form must reproduce the above copyright notice",
		"may be used to endorse or promote products derived from this software without specific prior written permission",
		"is provided by the copyright holders and contributors as is"}},
	{"BSD-2-Clause", []string{"redistribution and use in source and binary forms, with or without modification, are permitted provided that",
		"redistributions in binary form must reproduce the above copyright notice",
		"is provided by the copyright holders and contributors as is"}},
	{"Apache-2.0", []string{"apache license version 2.0, january 2004", "terms and conditions for use, reproduction, and distribution",
		"grant of patent license"}},
	{"Apache-2.0", []string{"licensed under the apache license, version 2.0", "http://www.apache.org/licenses/license-2.0"}},
	// Asks that the source of its own files can be had, as it can from where the module is
	// fetched: NOTICES says which module and version that is.
	{"MPL-2.0", []string{"mozilla public license version 2.0", "incompatible with secondary licenses"}},
	{"ISC", []string{"permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted",
		"the software is provided as is and the author disclaims all warranties"}},
	{"Unlicense", []string{"this is free and unencumbered software released into the public domain"}},
	{"public domain", []string{"all of the code and documentation in sqlite has been dedicated to the public domain"}},
	{"public domain", []string{"the author disclaims copyright to this source code. in place of a legal notice, here is a blessing"}},
	{"CC0-1.0", []string{"cc0 1.0 universal", "waives, abandons, and surrenders all of affirmer's copyright"}},
	{"Go's grant of patents", []string{"additional ip rights grant (patents)", "google hereby grants to you a perpetual, worldwide"}},
}

// refused are words of licences that ask for more than hearth can promise for those who
// pass it on. One of them is enough, whatever else stands there.
var refused = []struct{ name, words string }{
	{"a GNU licence", "gnu general public license"}, {"a GNU licence", "gnu lesser general public license"},
	{"a GNU licence", "gnu library general public license"}, {"a GNU licence", "gnu affero general public license"},
	{"an old licence of Mozilla's", "mozilla public license version 1"}, {"a licence of Mozilla's", "mozilla public license 1"},
	{"the Server Side Public License", "server side public license"},
	{"the Business Source License", "business source license"}, {"the Commons Clause", "commons clause"},
	{"the Elastic License", "elastic license"},
	{"for uses that earn nothing", "noncommercial license"}, {"for uses that earn nothing", "attribution noncommercial"},
	{"for uses that earn nothing", "noncommercial use only"}, {"for uses that earn nothing", "non-commercial use only"},
	{"for uses that earn nothing", "not be used for commercial"},
	{"a licence that shares alike", "sharealike"}, {"a licence with advertising", "all advertising materials mentioning features"},
	{"the Eclipse Public License", "eclipse public license"}, {"the CDDL", "common development and distribution license"},
}

// inMozillas is where Mozilla's licence names GNU's without being one.
var inMozillas = []string{
	plain("means either the GNU General Public License, Version 2.0, the GNU Lesser General Public License, Version 2.1, the " +
		"GNU Affero General Public License, Version 3.0, or any later versions of those licenses"),
	plain("under the terms of version 1.1 or earlier of the license, but not also under the terms of a secondary license"),
}

var notLetters = regexp.MustCompile(`[^\pL\pN]+`)

// plain is a text without what differs between copies of one licence: case, punctuation,
// quotes, marks of comments, line breaks.
func plain(s string) string {
	return strings.TrimSpace(notLetters.ReplaceAllString(strings.ToLower(s), " "))
}

// apart are files that are named as licences and say nothing of what is linked, each with
// what it says, so that another text is looked at again.
var apart = map[string]string{
	"modernc.org/memory LICENSE-LOGO": "https commons wikimedia org wiki file memory infra logo png", // of a picture in its repository
}

// kindsOf says which licences a file is; none where it is none of those that are known.
func kindsOf(name, data string) (out []string) {
	body := plain(data)
	asks := strings.NewReplacer(inMozillas[0], "", inMozillas[1], "").Replace(body)
	for _, r := range refused {
		if strings.Contains(asks, plain(r.words)) {
			return []string{refusedKind + r.name}
		}
	}
	for _, k := range kinds {
		all := true
		for _, s := range k.sentences {
			all = all && strings.Contains(body, plain(s))
		}
		if all && !(k.name == "BSD-2-Clause" && len(out) > 0 && out[len(out)-1] == "BSD-3-Clause") {
			out = append(out, k.name)
		}
	}
	if len(out) == 0 && strings.Contains(strings.ToUpper(name), "NOTICE") {
		out = append(out, notice) // names who made it: to be passed on, and no licence
	}
	return out
}
