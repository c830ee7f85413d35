package show

import "strings"

// levels are the heights of a sparkline.
var levels = []rune("▁▂▃▄▅▆▇█")

// Spark draws numbers as a line of bars, a cell each: nothing where it is 0 or less, and the
// highest bar for the largest of them.
func Spark(values []int64) string {
	most := int64(0)
	for _, v := range values {
		most = max(most, v)
	}
	var b strings.Builder
	for _, v := range values {
		if v <= 0 {
			b.WriteByte(' ')
			continue
		}
		b.WriteRune(levels[min(int(float64(v)*float64(len(levels))/float64(most)), len(levels)-1)])
	}
	return b.String()
}
