package core

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Masked stands for a secret on screens and in tables.
const Masked = "••••••"

// leastSecret is how long a secret must be to be struck out of a text: a shorter one is
// found in words that have nothing to do with it.
const leastSecret = 8

// mostSecrets is how many are remembered: a login that is renewed for weeks has ever new
// tokens, and the old ones are worth nothing.
const mostSecrets = 4000

// secrets are those of this process. They are everybody's: an error may come from
// anywhere, and be told anywhere.
var secrets struct {
	mu   sync.RWMutex
	have map[string]bool
	all  []string // each in the ways in which it may be written, in the order of coming
}

// Hide makes secrets known, so that [Struck] finds them: passwords, tokens and keys, as soon
// as they are read, from wherever. Those of less than eight characters are passed over.
func Hide(texts ...string) { remember(leastSecret, texts) }

// leastPasscode is how many digits a one-time passcode has at least (RFC 4226, 5.3).
const leastPasscode = 6

// HidePasscode is [Hide] for one-time passcodes, which are shorter than other secrets.
func HidePasscode(texts ...string) { remember(leastPasscode, texts) }

// remember makes texts of at least so many bytes known.
func remember(least int, texts []string) {
	secrets.mu.Lock()
	defer secrets.mu.Unlock()
	if secrets.have == nil {
		secrets.have = map[string]bool{}
	}
	for _, text := range texts {
		if text = strings.TrimSpace(text); len(text) < least {
			continue
		}
		for _, way := range spellings(text) {
			if !secrets.have[way] {
				secrets.have[way] = true
				secrets.all = append(secrets.all, way)
			}
		}
	}
	for len(secrets.all) > mostSecrets {
		delete(secrets.have, secrets.all[0])
		secrets.all = secrets.all[1:]
	}
}

// spellings are the ways in which a secret may stand in a text: as it is, in JSON, in Go's
// quotes, in a URL, made visible.
func spellings(text string) []string {
	out := []string{text}
	add := func(way string) {
		if !slices.Contains(out, way) {
			out = append(out, way)
		}
	}
	if quoted, err := json.Marshal(text); err == nil {
		add(string(quoted[1 : len(quoted)-1]))
	}
	quoted := fmt.Sprintf("%q", text)
	add(quoted[1 : len(quoted)-1])
	add(Visible(text))
	add(percent(text, "-_.~"))
	add(percent(text, "-_.~$&+:=@"))
	add(strings.ReplaceAll(percent(text, "-_.~ "), " ", "+"))
	return out
}

// percent writes a text as it stands in a URL, where letters, digits and some others stay.
func percent(text, stay string) string {
	var b strings.Builder
	for i := range len(text) {
		c := text[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte(stay, c) >= 0 {
			b.WriteByte(c)
			continue
		}
		fmt.Fprintf(&b, "%%%02X", c)
	}
	return b.String()
}

// Struck is a text that somebody else wrote, such as the message of an error, without the
// secrets that are known. Data is never put through it: rows, records, captures and the
// journal's values say exactly what they say.
func Struck(text string) string {
	secrets.mu.RLock()
	defer secrets.mu.RUnlock()
	var found []string
	for _, secret := range secrets.all {
		if strings.Contains(text, secret) {
			found = append(found, secret)
		}
	}
	slices.SortFunc(found, func(a, b string) int { return len(b) - len(a) }) // one may be part of another
	for _, secret := range found {
		text = strings.ReplaceAll(text, secret, Masked)
	}
	return text
}

// secretWords are in the names of what holds a secret. A key of metadata is told apart by
// them, as is a setting.
var secretWords = []string{"password", "passwd", "passphrase", "token", "secret", "key", "credential"}

// aboutKeys end names that tell of a key, and not the key: encryption_key_id.
var aboutKeys = []string{"id", "uuid", "type", "name", "policy", "size"}

// SecretName reports whether a key says that its value is a secret: db_password, api_token,
// chap-secret, SSH_KEY. Names are taken apart at what is no letter, and where a capital
// follows a small one, so that monkey and tokenize are none.
func SecretName(name string) bool {
	words := wordsOf(name)
	for i, word := range words {
		word = strings.TrimSuffix(word, "s")
		for _, secret := range secretWords {
			if word == "key" && slices.Contains(aboutKeys, words[len(words)-1]) && i < len(words)-1 {
				continue
			}
			if word == secret || len(secret) > 3 && strings.HasSuffix(word, secret) || word == "api"+secret {
				return true
			}
		}
	}
	return false
}

// wordsOf takes a name apart.
func wordsOf(name string) (out []string) {
	var word []rune
	small := false
	end := func() {
		if len(word) > 0 {
			out = append(out, strings.ToLower(string(word)))
		}
		word = word[:0]
	}
	for _, r := range name {
		capital := r >= 'A' && r <= 'Z'
		letter := capital || r >= 'a' && r <= 'z' || r >= 0x80
		if !letter || capital && small {
			end()
		}
		if letter {
			word = append(word, r)
		}
		small = letter && !capital
	}
	end()
	return out
}
