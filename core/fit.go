package core

// FitsOnto says in a word or two why a backup does not fit onto a volume, "" if it
// does as far as a list tells: the volume is not available, too small, or is not encrypted
// while the backup is. What a list does not tell is weighed when the restore is planned:
// see [RestoreFacts].
func FitsOnto(b *Backup, encrypted Fact[bool], v *Volume) string {
	own := ""
	if v.ID == b.VolumeID {
		own = "its own volume, "
	}
	switch {
	case v.Status == "":
		return own + "its status is not known"
	case v.Status != StatusAvailable:
		return own + "is " + v.Status
	case v.Size < b.Size:
		return own + "too small"
	case (b.EncryptionKeyID.Or("") != "" || encrypted.Known && encrypted.V) && v.EncryptedNow() == Some(false):
		return own + "not encrypted"
	}
	return ""
}
