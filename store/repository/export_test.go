package repository

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"hearth/store/scan"
)

// Reused is how many rows of the last scan were taken as they were kept.
func Reused(p *Place) int { return p.scans.Last().Found.reused }

// Meaning is a sum of the bytes in which the last scan's rows are kept, in their order, and
// what stands for it.
func Meaning(p *Place) (sum, stands string) {
	x := &p.scans.Last().Found
	rows, all := scan.Rows{Marks: &marks}, sha256.New()
	for i := range x.rows.Len() {
		row := x.rows.At(i)
		if v, _, ok := x.rows.Volume(x.rows.Packed(i)); ok {
			row.Volume = &v
		}
		fmt.Fprintf(all, "%x\n", rows.Packed(rows.Add(&row)))
	}
	for _, l := range rows.Layouts() {
		fmt.Fprintln(all, l.Name)
	}
	fmt.Fprintf(all, "%q", rows.Words())
	return hex.EncodeToString(all.Sum(nil)[:8]), keptMeaning
}
