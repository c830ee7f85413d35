package repository

// Reused is how many rows of the last scan were taken as they were kept.
func Reused(p *Place) int { return p.scans.Last().Found.reused }
