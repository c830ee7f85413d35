package core

import (
	"strings"
	"unicode"
)

// bases are letters, each with those that are it with an accent, as MySQL's
// _general_ci collations have them (strings/ctype-utf8.c); capitals only.
const bases = "" +
	"AÀÁÂÃÄÅĀĂĄǍǞǠǺȀȂȦḀẠẢẤẦẨẪẬẮẰẲẴẶ BḂḄḆ CÇĆĈĊČḈ DĎḊḌḎḐḒ EÈÉÊËĒĔĖĘĚȄȆȨḔḖḘḚḜẸẺẼẾỀỂỄỆ FḞ GĜĞĠĢǦǴḠ HĤȞḢḤḦḨḪẖ" +
	" IÌÍÎÏĨĪĬĮİǏȈȊḬḮỈỊ JĴǰ KĶǨḰḲḴ LĹĻĽḶḸḺḼ MḾṀṂ NÑŃŅŇǸṄṆṈṊ OÒÓÔÕÖŌŎŐƠǑǪǬȌȎȪȬȮȰṌṎṐṒỌỎỐỒỔỖỘỚỜỞỠỢ PṔṖ RŔŖŘȐȒṘṚṜṞ" +
	" SŚŜŞŠȘṠṢṤṦṨ TŢŤȚṪṬṮṰẗ UÙÚÛÜŨŪŬŮŰŲƯǓǕǗǙǛȔȖṲṴṶṸṺỤỦỨỪỬỮỰ VṼṾ WŴẀẂẄẆẈẘ XẊẌ YÝŶŸȲẎẙỲỴỶỸ ZŹŻŽẐẒẔ ¨΅῁῭΅ ÆǢǼ ØǾ ƷǮ ̈̈́" +
	" ΑΆἈἉἊἋἌἍἎἏᾀᾁᾂᾃᾄᾅᾆᾇᾈᾉᾊᾋᾌᾍᾎᾏᾲᾳᾴᾶᾷᾸᾹᾺΆᾼ ΕΈἘἙἚἛἜἝῈΈ ΗΉἨἩἪἫἬἭἮἯᾐᾑᾒᾓᾔᾕᾖᾗᾘᾙᾚᾛᾜᾝᾞᾟῂῃῄῆῇῊΉῌ ΙΊΐΪἸἹἺἻἼἽἾἿῒΐῖῗῘῙῚΊ" +
	" ΟΌὈὉὊὋὌὍῸΌ ΡῤῬ ΥΎΫΰὐὒὔὖὙὛὝὟῢΰῦῧῨῩῪΎ ΩΏὨὩὪὫὬὭὮὯᾠᾡᾢᾣᾤᾥᾦᾧᾨᾩᾪᾫᾬᾭᾮᾯῲῳῴῶῷῺΏῼ ϒϓϔ ІЇ АӐӒ ГЃ ЕЀЁӖ ЖӁӜ ЗӞ ИЍЙӢӤ КЌ ОӦ" +
	" УЎӮӰӲ ЧӴ ЫӸ ЭӬ ѴѶ ӘӚ ӨӪ اآأإ وؤ يئ ہۂ ےۓ ەۀ कक़ खख़ गग़ जज़ डड़ ढढ़ नऩ फफ़ यय़ रऱ ळऴ ডড় ঢঢ় যয় ਖਖ਼ ਗਗ਼ ਜਜ਼ ਫਫ਼ ਲਲ਼ ਸਸ਼ ଡଡ଼ ଢଢ଼" +
	" େୈ ెై ෙේ ཀཀྵ གགྷ ཌཌྷ དདྷ བབྷ ཛཛྷ ཱཱཱཱིྀུ ྐྐྵ ྒྒྷ ྜྜྷ ྡྡྷ ྦྦྷ ྫྫྷ ྲྲྀ ླླྀ ဥဦ ᾿῍῎῏ ῾῝῞῟"

// unaccented is the letter without its accent.
var unaccented = func() map[rune]rune {
	table := map[rune]rune{'ẞ': 'S', 'ß': 'S', 'İ': 'I', 'ı': 'I'}
	for _, group := range strings.Fields(bases) {
		letters := []rune(group)
		for _, r := range letters[1:] {
			table[r] = letters[0]
		}
	}
	return table
}()

// Collated is what a text is compared by under a _general_ci collation of MySQL and
// MariaDB, which those of Cinder's tables usually have: without case, accents and
// trailing blanks; characters beyond the Basic Multilingual Plane are all the same.
// It takes accents that are characters of their own away, too, as the newer
// collations do.
func Collated(s string) string {
	return strings.TrimRight(strings.Map(func(r rune) rune {
		switch r = unicode.ToUpper(r); {
		case r > 0xFFFF:
			return unicode.ReplacementChar
		case unicode.Is(unicode.Mn, r):
			return -1
		}
		if base, ok := unaccented[r]; ok {
			return base
		}
		return r
	}, s), " ")
}
