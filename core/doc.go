// Package core says what Cinder's volumes, backups, captures and records are,
// and what a restore or an import would do, as pure values: it reads no file,
// opens no connection and asks no clock. The rules are Cinder's own, by release;
// each names the file and function that it comes from.
//
// The files, in the order in which they read well: each uses only names of those
// before it (TestReadingOrder).
//
//	opt text errors                      values that may be null, texts, errors
//	cindererror python base64 coerce     what Cinder's Python makes of values, and of wrong ones
//
//	volume backup chain                  what there is in a place
//	columns filter query object          as tables, as what is asked for, as JSON
//	requests properties                  what can be asked of backups; their properties in a line
//
//	capture state                        the metadata that a backup keeps, and what of it can come back
//	rules choose fate                    the rule sets: their decisions, which one, and what they do to a field
//	put plan explain                     a restore carried out on values, as a plan, with its reasons
//	apiplan                              the same by the API's calls
//
//	record exporttext rowof              exported records: read, written, as the backup that they hold
//	finder service paste                 records found in whatever was copied
//	bundle                               records and captures of many backups in one file
//	import preflight                     what an import does, and what stands against it
//	repository reconcile                 what a backup repository holds, beside what Cinder says
//
//	journal place restored               what was done, where, and how it came out
//
// How to add a rule set is told at [RuleSet].
package core
