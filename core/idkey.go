package core

import (
	"crypto/sha256"
	"encoding/hex"
)

// IDKey is an id in 16 bytes, for what holds the ids of very many: a UUID's own bytes, or
// the first of a hash of what is none. Two ids share a key only where somebody made the one,
// a UUID, of the hash of the other. The order of keys means nothing.
type IDKey [16]byte

// KeyOf is the key of an id. uuid is whether [IDKey.UUID] gives the id back: it is a UUID as
// Cinder writes one, in lower case and with its hyphens.
func KeyOf(id string) (k IDKey, uuid bool) {
	if len(id) == 36 && id[8] == '-' && id[13] == '-' && id[18] == '-' && id[23] == '-' {
		bad, n := byte(0), 0
		for i := 0; i < 36; i += 2 {
			if i == 8 || i == 13 || i == 18 || i == 23 {
				i++
			}
			hi, lo := nibbles[id[i]], nibbles[id[i+1]]
			bad |= hi | lo
			k[n] = hi<<4 | lo&0xF
			n++
		}
		if bad&0xF0 == 0 {
			return k, true
		}
	}
	sum := sha256.Sum256([]byte(id))
	copy(k[:], sum[:])
	return k, false
}

// nibbles are what the lower-case digits of hexadecimals are worth; 0xFF: it is none.
var nibbles = func() (n [256]byte) {
	for i := range n {
		n[i] = 0xFF
	}
	for i, c := range "0123456789abcdef" {
		n[c] = byte(i)
	}
	return n
}()

// UUID is the id of a key that was made of a UUID.
func (k IDKey) UUID() string {
	var h [36]byte
	hex.Encode(h[:8], k[:4])
	for i, at := range [...]int{9, 14, 19} {
		h[at-1] = '-'
		hex.Encode(h[at:at+4], k[4+2*i:6+2*i])
	}
	h[23] = '-'
	hex.Encode(h[24:], k[10:])
	return string(h[:])
}
