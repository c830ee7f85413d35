package core

import (
	"encoding/base64"
	"errors"
	"strings"
)

// errPadding is binascii.Error for text that ends inside a group of four.
//
//lint:ignore ST1005 the words are Python's
var errPadding = errors.New("Incorrect padding")

// lenientBase64 is Python's base64.b64decode without validation (binascii
// a2b_base64): characters outside the standard alphabet are skipped, what
// follows complete padding is ignored. It also says how many were skipped, other
// than line ends, and how many ignored. on: padding that is not at the end is ignored
// instead, and what follows is read ([Era.unpadded]).
func lenientBase64(s string, on bool) (out []byte, skipped, ignored int, err error) {
	out = make([]byte, 0, len(s)*3/4)
	var quad, pads int
	var bits uint32
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '=' {
			if !on && quad < 2 {
				continue
			}
			if pads++; !on && quad+pads >= 4 {
				if out = append(out, byte(bits>>(6*quad-8))); quad == 3 {
					out = append(out, byte(bits>>2))
				}
				return out, skipped, len(strings.TrimSpace(s[i+1:])), nil
			}
			continue
		}
		d := decodeTable[c]
		if d == 0xFF {
			if c != '\n' && c != '\r' {
				skipped++
			}
			continue
		}
		pads = 0
		bits = bits<<6 | uint32(d)
		if quad++; quad == 4 {
			out = append(out, byte(bits>>16), byte(bits>>8), byte(bits))
			quad, bits = 0, 0
		}
	}
	switch {
	case quad == 0:
		return out, skipped, 0, nil
	case !on || quad < 2 || quad+pads < 4:
		return nil, skipped, 0, errPadding
	}
	if out = append(out, byte(bits>>(6*quad-8))); quad == 3 {
		out = append(out, byte(bits>>2))
	}
	return out, skipped, 0, nil
}

var decodeTable = func() (t [256]byte) {
	for i := range t {
		t[i] = 0xFF
	}
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	for i := range len(alphabet) {
		t[alphabet[i]] = byte(i)
	}
	return t
}()

// encodeBase64 is one line, as Cinder writes records since Mitaka.
func encodeBase64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

// encodeBase64Lines is Python 2's "base64" codec: lines of 76 characters, each
// with a line end, as Cinder wrote records up to Liberty.
func encodeBase64Lines(b []byte) string {
	var out strings.Builder
	text := encodeBase64(b)
	for len(text) > 76 {
		out.WriteString(text[:76] + "\n")
		text = text[76:]
	}
	if text != "" {
		out.WriteString(text + "\n")
	}
	return out.String()
}
