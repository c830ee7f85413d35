package core

import (
	"encoding/hex"
	"testing"
)

// TestPadding: what stands behind padding is left out up to Python 3.12, and read from 3.13
// on, as both answered (base64.b64decode); "!" is binascii.Error.
func TestPadding(t *testing.T) {
	for _, x := range []struct{ text, before, since string }{
		{"JDD=DD=QUy", "2430", "2430c30d0532"},
		{"U=yxJ==xyy=x=", "532c49c72c", "532c49c72cb1"},
		{"=D!QD=JyQJ Q", "0d00", "0d00c9c90250"},
		{"===  DQ=====Q", "0d", "!"},
		{"yQ=Q=JU", "c904", "!"},
		{"UUJ==Jx", "5142", "!"},
		{"Q!U=D=JU ", "4140", "!"},
		{"e30=", "7b7d", "7b7d"},
		{"e30", "!", "!"},
		{"", "", ""},
	} {
		for _, era := range []Era{Today, Y2014, Y2025, Y2026First, Y2026} {
			want := x.before
			if era.unpadded() {
				want = x.since
			}
			out, _, _, err := lenientBase64(x.text, era.unpadded())
			got := hex.EncodeToString(out)
			if err != nil {
				got = "!"
			}
			if got != want {
				t.Errorf("%q in era %d: %s, want %s", x.text, era, got, want)
			}
		}
	}
}
