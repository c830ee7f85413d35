package scan

import (
	"encoding/binary"
	"strings"
	"time"

	"hearth/core"
)

// mostWords is how many texts are kept once for all rows. What a tenant can choose may be
// another in each row: then it stands in the row itself.
const mostWords = 4096

// words are texts that many rows have: drivers, zones, projects, users.
type words struct {
	list  []string
	index map[string]int
}

// packer writes a row as bytes.
type packer struct {
	b     []byte
	whole string // in which texts may stand that come after it
	own   string // the row's id
	words *words
}

func (p *packer) int(n int64) { p.b = binary.AppendVarint(p.b, n) }

func (p *packer) uint(n int) { p.b = binary.AppendUvarint(p.b, uint64(n)) }

func (p *packer) bool(is bool) {
	n := byte(0)
	if is {
		n = 1
	}
	p.b = append(p.b, n)
}

// text writes a text: where it stands in the whole one, or itself.
func (p *packer) text(s string) {
	if i := strings.Index(p.whole, s); i >= 0 && s != "" {
		p.uint(len(s)<<1 | 1)
		p.uint(i)
		return
	}
	p.uint(len(s) << 1)
	p.b = append(p.b, s...)
}

// word writes a text that many rows have.
func (p *packer) word(s string) {
	n, ok := p.words.index[s]
	if !ok {
		if len(p.words.list) >= mostWords {
			p.uint(0)
			p.text(s)
			return
		}
		if p.words.index == nil {
			p.words.index = map[string]int{}
		}
		s = strings.Clone(s)
		n = len(p.words.list)
		p.words.index[s] = n
		p.words.list = append(p.words.list, s)
	}
	p.uint(n + 1)
}

func (p *packer) opt(o core.Opt[string], write func(string)) {
	if p.bool(o.Set); o.Set {
		write(o.V)
	}
}

// time writes a time, which is in UTC.
func (p *packer) time(o core.Opt[time.Time]) {
	if p.bool(o.Set); o.Set {
		p.int(o.V.Unix())
		p.uint(o.V.Nanosecond())
	}
}

// unpacker reads them again. The texts are parts of the packed one: nothing is copied.
type unpacker struct {
	s     string
	i     int
	whole string
	words []string
}

func (u *unpacker) uint() int {
	if c := u.s[u.i]; c < 0x80 { // as most are
		u.i++
		return int(c)
	}
	return u.long()
}

func (u *unpacker) long() int {
	var n uint64
	for shift := 0; ; shift += 7 {
		c := u.s[u.i]
		u.i++
		n |= uint64(c&0x7f) << shift
		if c < 0x80 {
			return int(n)
		}
	}
}

func (u *unpacker) int() int64 {
	n := uint64(u.uint())
	return int64(n>>1) ^ -int64(n&1)
}

func (u *unpacker) bool() bool {
	u.i++
	return u.s[u.i-1] != 0
}

func (u *unpacker) text() string {
	n := u.uint()
	if n&1 != 0 {
		i := u.uint()
		return u.whole[i : i+n>>1]
	}
	u.i += n >> 1
	return u.s[u.i-n>>1 : u.i]
}

func (u *unpacker) word() string {
	if n := u.uint(); n > 0 {
		return u.words[n-1]
	}
	return u.text()
}

func (u *unpacker) opt(read func() string) (o core.Opt[string]) {
	if o.Set = u.bool(); o.Set {
		o.V = read()
	}
	return o
}

func (u *unpacker) time() (o core.Opt[time.Time]) {
	if o.Set = u.bool(); o.Set {
		sec := u.int()
		o.V = time.Unix(sec, int64(u.uint())).UTC()
	}
	return o
}
