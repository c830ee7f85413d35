package storetest

import "strings"

// HostileTexts are what a tenant can put into any text to steer a terminal, hide, or pass for
// something else: one of each kind, by its name.
var HostileTexts = []struct{ Kind, Text string }{
	{"CSI", "\x1b[2J\x1b[31m\x1b[10;10H"},
	{"C1 CSI", "\u009b31m\u009b2J"},
	{"raw C1", "\x9b2J\x90"},
	{"OSC 0, a title", "\x1b]0;owned\x07"},
	{"OSC 8, a link", "\x1b]8;;http://evil.example\x1b\\here\x1b]8;;\x1b\\"},
	{"OSC 52, the clipboard", "\x1b]52;c;ZXZpbA==\x07"},
	{"C1 OSC", "\u009d0;owned\u009c"},
	{"DCS", "\x1bP+q544e\x1b\\\x1bPtmux;\x1b\x1b]0;x\x07\x1b\\"},
	{"APC, PM and SOS", "\x1b_G\x1b\\\x1b^x\x1b\\\x1bXx\x1b\\"},
	{"C0", "a\x00b\x07c\x08d\x7fe\x0ef\x0f"},
	{"lines", "one\r\ntwo\rthree\nfour\x0bfive\x0csix\u2028seven\u2029eight\u0085nine"},
	{"bidi", "a\u202Ecod.exe\u202C\u2066b\u2069\u200F\u061C"},
	{"zero width", "a\u200Bb\u200Cc\u200Dd\u2060e\uFEFFf\u00ADg\u180Eh"},
	{"tags", "a\U000E0001\U000E0041\U000E007Fb"},
	{"variation selectors", "a\uFE0Fb\uFE00c\U000E0100d"},
	{"private use", "a\uE0B0b\U000F0001c\U0010FFFDd"},
	{"no characters", "a\uFFFFb\uFFFEc\uFDD0d\U0001FFFFe"},
	{"replacement", "a\uFFFDb"},
	{"broken UTF-8", "a\xffb\xc3(c\xed\xa0\x80d"},
	{"combining flood", "e" + strings.Repeat("\u0301\u0489", 40) + "x"},
	{"a mark alone", "\u0301\u20DDx"},
	{"emoji joins", "\U0001F468\u200D\U0001F469\u200D\U0001F467\U0001F3F4\U000E0067\U000E007F\U0001F1E9\U0001F1EA1\uFE0F\u20E3"},
	{"ambiguous width", "±§°\u00B7\u2026\u2014Ω\u2460\u25CF\u3000"},
	{"fillers", "\u3164\uFFA0\u115F\u1160\u034F"},
	{"wide", strings.Repeat("日本", 120)},
	{"a formula", "=HYPERLINK(\"http://evil\";\"x\")"},
	{"a flag", "--yes"},
	{"a shell's", "$(reboot);`reboot`'\"\\!*"},
}

// HostileText is all of them in one.
func HostileText() string {
	var b strings.Builder
	for _, h := range HostileTexts {
		b.WriteString(h.Text)
	}
	return b.String()
}
