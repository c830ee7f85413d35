package sql

import "strings"

// The words of demo worlds. Characters that an editor would hide or obey are
// written as escapes; nothing here holds NUL, which no database takes in text.

// oddVolumeNames are names that a tenant can give a volume and a careless screen
// would trip over.
var oddVolumeNames = []string{
	"\x1b[31mred\x1b[0m alert \u009b32mgreen\u009b0m",
	"title\x1b]0;owned\x07 clip\x1b]52;c;Y3VybCBldmlsIHwgc2g=\x07 screen\x1bc",
	"first line\r\nsecond line\tafter a tab",
	"invoice-\u202Egpj.exe\u202C \u2066isolated\u2069",
	"in\u200Bvis\u200Dible\u2060 \uFEFFmark",
	strings.Repeat("backup-of-the-backup-of-", 10) + "the-last-volume",
	"أرشيف المالية 2026 – גיבוי כספים",
	"顧客データ-本番 Größenübersicht",
	"👩\u200D💻 dev-box 🏳\uFE0F\u200D🌈 " +
		"Z\u0351\u036B\u0343\u036A\u0302\u036B\u033D\u034F\u0334\u0319\u0324\u031E\u0349\u035A\u032Fa\u0334\u0319\u0324lgo",
	`$(reboot); "quoted' \n C:\temp\` + "`id` | tee > *",
}

// oddBackupNames are the same sort of names for backups, one trouble each.
var oddBackupNames = []string{
	"\x1b[31mred\x1b[0m",
	"\x1b]0;owned\x07nightly",
	"\x1b]52;c;cm0gLXJmIH4=\x07weekly",
	"two\r\nlines",
	"tab\there",
	"report\u202Efdp.sql",
	"\u2066left\u2069 \u2067right\u2069",
	"zero\u200Bwidth\u200Cjoin\u200Ded",
	"\uFEFFbyte-order-mark",
	"\u009b31mC1 control\u009b0m",
	"👨\u200D👩\u200D👧\u200D👦 family photos",
	"Z\u0351\u036B\u0343\u036A\u0302\u036B\u033D\u034F\u0334\u0319\u0324\u031E\u0349\u035A\u032F\u031E\u0320\u034DA",
	strings.Repeat("x", 254) + "!",
	"نسخة احتياطية يومية",
	"גיבוי לפני שדרוג",
	"每日备份 – 毎日のバックアップ",
	"Sicherung vor Größenänderung (Überprüfung)",
	`O'Brien's "last" \ backup \u0041`,
	"$(rm -rf /tmp/x); `id` && echo pwned | tee > *",
	"--help'; DROP TABLE backups;--",
}

// oddTexts are descriptions, and values of metadata, in the same spirit.
var oddTexts = []string{
	"do not \x1b[5mblink\x1b[0m",
	"line one\nline two\n\n\tindented line four",
	"see \u202Emoc.elpmaxe\u202C for details",
	"naïve café – ﷽ – 🧯",
	`{"version": 2, "not": "a capture"}`,
	"",
}

// image is what Glance says of an image, as Cinder copies it to a volume.
type image struct {
	name  string
	pairs []string // key, value, ...; properties first, as Cinder writes them
}

var images = map[string]image{
	"debian-12": {"debian-12-generic-amd64", []string{
		"os_distro", "debian", "os_version", "12", "hw_disk_bus", "virtio", "hw_qemu_guest_agent", "yes",
		"image_id", "6b0128a9-0f0f-4c9e-9d3c-6f2a4a4c9a11", "image_name", "debian-12-generic-amd64",
		"checksum", "4f1b7e0a2a6a3f6d0a0b6c2f1d9e8c77", "container_format", "bare", "disk_format", "qcow2",
		"min_disk", "3", "min_ram", "512", "size", "346591232"}},
	"debian-13": {"debian-13-generic-amd64", []string{
		"os_distro", "debian", "os_version", "13", "hw_disk_bus", "scsi", "hw_scsi_model", "virtio-scsi", "hw_qemu_guest_agent", "yes",
		"image_id", "c2a7b1d4-71c9-4b57-8f0e-0d7a1a5f6e29", "image_name", "debian-13-generic-amd64",
		"checksum", "a0c41de3b1f74ed3a5b8b4b41c3e9f08", "container_format", "bare", "disk_format", "qcow2",
		"min_disk", "3", "min_ram", "512", "size", "359202816"}},
	"ubuntu-24.04": {"ubuntu-24.04-server", []string{
		"os_distro", "ubuntu", "os_version", "24.04", "hw_firmware_type", "uefi", "hw_machine_type", "q35", "os_require_quiesce", "yes",
		"image_id", "0e9d3a52-5a9c-4bb2-93b5-4f3f0f6b7c84", "image_name", "ubuntu-24.04-server",
		"checksum", "1b2e6f0d9c8b47a5a1e0d3c4b5a69788", "container_format", "bare", "disk_format", "raw",
		"min_disk", "10", "min_ram", "1024", "size", "3758096384"}},
	"windows-2022": {"windows-server-2022-std", []string{
		"os_type", "windows", "os_distro", "windows", "os_version", "2022", "hw_firmware_type", "uefi", "hw_vif_model", "virtio",
		"os_secure_boot", "required",
		"image_id", "9a4f2c61-8d0b-4e8e-b7a3-2e5d1c0f9b36", "image_name", "windows-server-2022-std",
		"checksum", "d41d2c0f98b2e4a9800998ecf8427e55", "container_format", "bare", "disk_format", "qcow2",
		"min_disk", "40", "min_ram", "4096", "size", "11811160064"}},
	"rocky-9": {"Rocky-9-GenericCloud", []string{
		"os_distro", "rocky", "os_version", "9.6", "hw_disk_bus", "virtio", "description", "Rocky Linux 9 – base image for größere Projekte",
		"image_id", "5d1f0c7b-3b4a-49d0-8c55-7a9e6b2d1f03", "image_name", "Rocky-9-GenericCloud",
		"checksum", "77e5c0a4d3b2418f9e6d5c4b3a291807", "container_format", "bare", "disk_format", "qcow2",
		"min_disk", "10", "min_ram", "1024", "size", "620756992"}},
}

// imageNames is the keys of images in an order that does not change.
var imageNames = []string{"debian-12", "debian-13", "ubuntu-24.04", "windows-2022", "rocky-9"}

// volumeTypes are the types of every world; the first is Cinder's default.
var volumeTypes = []struct{ name, desc string }{
	{"__DEFAULT__", "Default Volume Type"},
	{"ssd", "NVMe over TCP, 3 replicas"},
	{"hdd", "capacity pool"},
	{"LUKS", "encrypted, keys in Barbican"},
	{"LUKS-HSM", "encrypted, keys in the hardware module"},
}

// volumeHosts says where the volumes of a type live.
var volumeHosts = map[string]string{
	"__DEFAULT__": "cinder-vol-01@rbd-1#rbd-1", "ssd": "cinder-vol-02@nvme#nvme", "hdd": "cinder-vol-03@nfs-a#nfs-a:/export/vols",
	"LUKS": "cinder-vol-02@luks#luks", "LUKS-HSM": "cinder-vol-04@hsm#hsm",
}

// backupDriver is a driver of Cinder's with its repository.
type backupDriver struct {
	service    string // the class, as backups.service has it
	host       string
	container  string // "": a folder for each backup
	where      string // the repository, as the source of a capture
	objectSize int64  // bytes; 0: objects are not counted
	reasons    []string
}

var (
	swiftDriver = &backupDriver{"cinder.backup.drivers.swift.SwiftBackupDriver", "cinder-bak-01", "volumebackups", "swift:volumebackups",
		52428800, swiftReasons}
	s3Driver = &backupDriver{"cinder.backup.drivers.s3.S3BackupDriver", "cinder-bak-02", "volumebackups", "s3:volumebackups",
		52428800, s3Reasons}
	nfsDriver = &backupDriver{"cinder.backup.drivers.nfs.NFSBackupDriver", "cinder-bak-03", "",
		"posix:/var/lib/cinder/backup_mount/4ba1f2f1c7a8", 1999994880, fileReasons}
	posixDriver = &backupDriver{"cinder.backup.drivers.posix.PosixBackupDriver", "cinder-bak-01", "", "posix:/srv/cinder-backup",
		1999994880, fileReasons}
	cephDriver = &backupDriver{"cinder.backup.drivers.ceph.CephBackupDriver", "cinder-bak-04", "backups", "ceph:backups", 0, cephReasons}
	// oldSwift wrote the module's name, as Cinder did before Queens.
	oldSwift = &backupDriver{"cinder.backup.drivers.swift", "backup-legacy", "volumebackups", "swift:volumebackups", 52428800, swiftReasons}

	drivers = []*backupDriver{swiftDriver, swiftDriver, s3Driver, s3Driver, nfsDriver, posixDriver, cephDriver, cephDriver}
)

// Why backups failed, in Cinder's words and those of what lies below it.
// {volume} and {id} are filled in.
var (
	commonReasons = []string{
		"incomplete backup reset on manager restart",
		"Create backup aborted, expected volume status backing-up but got error.",
		"Create backup aborted due to backup service is down.",
		"Timed out waiting for a reply to message ID {id}",
		"Volume {volume} could not be found.",
		"Unexpected error while running command.\nCommand: sudo cinder-rootwrap /etc/cinder/rootwrap.conf chown 64061 /dev/dm-17\nExit " +
			"code: 1\nStdout: ''\nStderr: \"chown: cannot access '/dev/dm-17'\\n\"",
	}
	swiftReasons = append([]string{
		"Connection to swift failed: [Errno 104] Connection reset by peer",
		"Object PUT failed: https://swift.example.net/v1/AUTH_{id}/volumebackups/volume_{volume} 507 Insufficient Storage",
		"Invalid backup: error writing object to swift, MD5 of object in swift 5f0c9f7a4dd2 is not the same as MD5 of object sent to " +
			"swift 91be0d3c77aa",
	}, commonReasons...)
	s3Reasons = append([]string{
		"S3 connection failure: Could not connect to the endpoint URL: \"https://s3.example.net/volumebackups\"",
		"S3 client error: An error occurred (SlowDown) when calling the PutObject operation (reached max retries: 4): Please reduce your " +
			"request rate.",
		"S3 client error: An error occurred (NoSuchBucket) when calling the PutObject operation: The specified bucket does not exist",
	}, commonReasons...)
	fileReasons = append([]string{
		"[Errno 28] No space left on device",
		"[Errno 5] Input/output error: '/srv/cinder-backup/volume_{volume}'",
		"[Errno 116] Stale file handle",
		"[Errno 13] Permission denied: '/srv/cinder-backup'",
	}, commonReasons...)
	cephReasons = append([]string{
		"Backup RBD operation failed",
		"[errno 110] RBD connection timed out (error connecting to the cluster)",
		"[errno 28] RBD no space left on device (error creating image)",
	}, commonReasons...)
)

// deletingReason is why a backup went to error_deleting.
const deletingReason = "Delete backup is aborted due to backup service is down."

// What fillers are called and how they are tagged.
var (
	fillerApps = []string{
		"web", "api", "db", "cache", "queue", "search", "metrics", "logs", "ci-runner", "k8s-node", "proxy", "billing", "auth",
		"media", "ldap", "crm", "etl", "registry", "vpn", "mq",
	}
	fillerEnvs  = []string{"prod", "prod", "prod", "stage", "test", "dev"}
	fillerParts = []string{"", "", "-data", "-log", "-wal", "-export"}
	fillerTeams = []string{"platform", "payments", "dba", "web", "data", "security"}
	fillerTiers = []string{"gold", "silver", "bronze"}
	byHand      = []string{
		"before upgrade to 17.5", "before-migration", "pre-patch", "known good", "handover", "before resize", "end of quarter",
	}
)
