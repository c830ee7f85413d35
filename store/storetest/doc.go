// Package storetest is the contract that every place of volumes and backups
// passes, whatever it is made of: a driver's test hands it a way to make such a
// place, and it compares what the place does with what Cinder's rows say.
//
// # A new driver
//
// A driver is a package below store. It imports core (and store/ledger, if it keeps
// a journal in SQLite), and no other driver. It fulfils store.Place, and of the
// other interfaces those that its kind of place can; nothing need be told about
// that, for they are looked for where they are used. Then:
//
//   - its line in the table of store/schemes.go says how its locations are written
//     and opened. From it come the parser, the text of every message that lists the
//     kinds of places, the flag of the command line and what the screens copy as
//     "in a shell"; an example in schemes_test.go has all of that tried;
//   - its test runs the contract: see the example of this package, which is all
//     that such a test has to write. A driver that only reads sets ReadOnly, and is
//     held to refuse the rest;
//   - its package joins the table of TestLayers: who may import whom.
//
// # What hides without an interface
//
// A place without one of them is not at fault: the faces leave out what it is for,
// or say why it cannot be done.
//
//   - Typer: a restore into a new volume does not know the type that it would get.
//   - Zoner: the zone of a new volume is typed, and not chosen from a list.
//   - Snapshotter: there is no list of snapshots, and the id of one is typed.
//   - Captures: captures are kept in the archive instead; in a demo, nowhere.
//   - Writer: a plan is shown and cannot be applied, and nothing can be undone.
//   - Journal: changes are accounted for in the archive instead.
//   - Exporter: no records: the tab of a backup's record, export to the clipboard and
//     into files, hearth export and archive, and being the source of a recovery.
//   - BatchReader: several backups are asked for one by one, and very many looked for in the list.
//   - BatchExporter: exports and the archive ask for each backup by itself.
//   - BulkImporter: a paste is checked and imported as one piece, in memory.
//   - Importer: no import, by screen or verb, and no copy or recovery into it.
//   - Sizer: nothing; the contract alone asks.
//   - Operator: no creating, editing, deleting and resetting of backups, and no
//     restore of data, by screen or verb.
//   - Allower: everything is offered, and what the place refuses is told afterwards.
//   - Messenger: no messages beside a volume or backup that failed.
//   - Kin: a deletion cannot tell what stands on a backup, and says that it is not
//     known.
//   - Counter: nothing: a place whose pages say about how many rows there are has it.
//   - Roller: nothing: the coverage reads the lists, batch by batch.
//   - Lineage: chains are made of the parents that the lists name.
//   - Scoper: no regions and projects among the places, no user, roles and version;
//     hearth places lists a backup to see whether it answers. A new backup is taken to
//     belong to the volume's project.
//   - Reacher: no key 0 and no column of projects: core.Query.Reach is passed over.
//   - Surveyor: what quotas, attachments and the backend would refuse is told as not
//     known, with why, instead of yes or no.
//   - Cloud: no database can be named beside the place.
//   - Companion: nothing is taken from a database that stands beside the place, and none is named.
//   - Recaller: of a parent that is missing no more than its id is told.
//   - Collator: keys that a database may take for the same leave a field open, in a cloud and in MySQL.
//   - Encrypter: whether a new volume gets a key is told by a Surveyor, or not at all.
//   - Noter: whether Cinder notes what a volume was restored from is told by the cloud's version, or not at all.
//   - CaptureSource: previews go by captures that were kept or pasted, where no
//     repository is configured for the place.
//   - Dater: nothing is said of how a backup was written, nor that a Cinder of today restores it wrongly
//   - Sifter: what lies there and is no backup's is not told, and does not keep hearth verify from saying that all is sound
//   - Imager: no hearth extract and compare, where no repository that is one is
//     configured for the place.
//   - Repository: no inventory, no hearth inventory and verify, and it cannot be configured
//     as another place's repository.
//   - Filler: what Scan tells of a repository's backups is all there is.
//
// What only clouds or repositories do (from Operator on) is no part of this contract
// yet: the tests of store/cinder and store/repository hold them to what real ones do.
package storetest
