// Package core says what Cinder's volumes, backups, captures and records are,
// and what a restore or an import would do, as pure values: it reads no file,
// opens no connection and asks no clock. The rules are Cinder's own, by release;
// each names the file and function that it comes from.
//
// The files, in the order in which they read well: each uses only names of those
// before it (TestReadingOrder).
//
//	opt text idkey pace                  values that may be null, texts, ids in 16 bytes, how fast work goes on
//	secret errors idiom                  secrets, errors, and a face's own words in them
//	release                              releases of Cinder
//	cindererror python base64 coerce     what Cinder's Python makes of values, and of wrong ones
//
//	odd volume layout backup chain       what there is in a place, how it was written, and values that no Cinder sends
//	columns filter query rank object snapshot  as tables, as what is asked for and in which order, as JSON
//	beside way requests properties       a database beside a cloud, requests, which way a restore goes, properties in a line
//
//	capture captured state clues         the metadata that a backup keeps, the volume in it, what can come back; and clues to a release
//	rules choose fate                    the rule sets: their decisions, which one, and what they do to a field
//	layer can                            a layer of a chain and how far its capture carries, and whether it can be done
//	policy roles                         what a policy.yaml lets a login do, and what Cinder's defaults do by release
//	kept loose                           how far kept captures carry, and what is not known of them
//	put                                  the machine: a restore carried out on values
//	collate symbols lifted unseen noted  the machine on all that a volume may be, where not all is known
//	know                                 how sure a field is then
//	plan carry certainty explain weigh   a restore as a plan, with its reasons, and whether it can be done
//	planobject apiplan headline fit      the plan as JSON, by the API's calls, in one line; and what fits onto what
//	diff                                 how two captures, volumes or plans differ
//
//	record exporttext rowof              exported records: read, written, as the backup that they hold
//	wrapping finder service paste        records found in whatever was copied
//	bundle bundlewrite                   records and captures of many backups in one file
//	import preflight                     what an import does, and what stands against it
//	repository holdingcolumns reconcile  what a backup repository holds, beside what Cinder says
//	image                                the bytes that a chain of backups holds
//
//	journal place restored               what was done, where, and how it came out
//	blockers                             what stands against a restore in its place
//	pitfall pitfalls                     what some releases of Cinder get wrong, where it fits
//
//	retention protect                    which backups stay, and how often one is to be made
//
//	drill proof tally day               restores that were tried, and what they prove; a place's rows counted, what it came to on a day
//	timeline strips                      a volume's backups in time: chains, rhythm, gaps; and a line a volume
//	morning morningobject                how a place stands in the morning, in lines and as JSON
//
// How to add a rule set is told at [RuleSet].
package core
