package ui

import (
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// plainly is what stands for each character of hearth's own that is not ASCII, where the
// terminal shows no others: of the same width, so that nothing moves.
var plainly = map[rune]byte{
	'─': '-', '│': '|', '╭': '+', '╮': '+', '╰': '+', '╯': '+', '└': '`', '├': '|',
	'✓': '+', '✗': 'x', '◌': 'o', '●': '*', '•': '*', '·': '-', '…': '~',
	'→': '>', '←': '<', '↑': '^', '↓': 'v', '›': '>', '‹': '<', '↔': '=', '↩': '<', '▲': '^', '▼': 'v', '▸': '+', '▾': '-',
	'█': '#', '░': '.',
	'▁': '.', '▂': ':', '▃': '-', '▄': '=', '▅': '+', '▆': '*', '▇': '%',
	'≠': '!', '≈': '~', '±': '~', '“': '"', '”': '"', '–': '-', '—': '-', '×': 'x',
}

// Plain is a frame in ASCII: what hearth draws with is drawn otherwise. What others named was
// made visible before; what is left all the same is a question mark for each cell.
func Plain(frame string) string {
	at := strings.IndexFunc(frame, func(r rune) bool { return r > 0x7E })
	if at < 0 {
		return frame
	}
	var b strings.Builder
	b.Grow(len(frame))
	for _, r := range frame {
		switch c, ok := plainly[r]; {
		case r < 0x7F:
			b.WriteRune(r)
		case ok:
			b.WriteByte(c)
		default:
			b.WriteString(strings.Repeat("?", ansi.StringWidth(string(r))))
		}
	}
	return b.String()
}
