package cinder

import (
	"strconv"
	"strings"
)

// version is a microversion of the Block Storage API, 3.minor; 0 is not known yet.
type version int

// newest is the newest microversion that hearth knows (2024.1, Caracal).
const newest version = 71

// The microversions that matter here (cinder/api/openstack/rest_api_version_history.rst).
const (
	vMessages         version = 3
	vUpdateBackup     version = 9
	vConditional      version = 15 // ETag and If-Match of volume metadata
	vProject          version = 18 // of a backup
	vMetadata         version = 43 // of a backup
	vCount            version = 45
	vVolumeFromBackup version = 47
	vZone             version = 51 // of a backup to be made
	vUser             version = 56 // of a backup
	vKey              version = 64 // encryption_key_id of a backup and a volume
)

// parseVersion reads what a reply's OpenStack-API-Version says: "volume 3.70".
func parseVersion(header string) version {
	for _, part := range strings.Split(header, ",") {
		if text, ok := strings.CutPrefix(strings.TrimSpace(part), "volume 3."); ok {
			if n, err := strconv.Atoi(text); err == nil && n > 0 {
				return version(n)
			}
			return 1 // 3.0
		}
	}
	return 0
}

// String is the version as the header wants it; one that is not known yet is the
// cloud's newest.
func (v version) String() string {
	switch v {
	case 0:
		return "latest"
	case 1:
		return "3.0"
	}
	return "3." + strconv.Itoa(int(v))
}

// has reports whether a feature of a microversion is there; while nothing is
// known it is taken to be.
func (v version) has(feature version) bool { return v == 0 || v >= feature }
