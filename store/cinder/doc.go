// Package cinder is a running cloud: the Block Storage API v3. gophercloud logs in
// and carries the requests; what is sent and how an answer is read is written
// here, for its decoders are slow, and forget or refuse what Cinder says.
//
// The files, from the ground up:
//
//   - version, fault, rows: what Cinder says. Its microversions; its refusals, and
//     what they leave uncertain; its rows, and how they become core's values.
//   - config, session, request: how it is asked. clouds.yaml and the OS_* variables;
//     a login that lasts; a request that is repeated where that is safe.
//   - mirror, sweep, upkeep: a list as far as it is read; how it is read page by
//     page; how it is kept in step with the cloud. sorted, shelf, parents: what is
//     remembered beside it.
//   - place: [Place], what it remembers and may do.
//   - listing, names, read, list, records, write: what it is asked to do.
//   - cinder, objects: how one is opened.
//
// A place keeps two lists of each kind, of the login's own project and of all
// (core.Reach): a question asks one of them, and neither takes in what the other
// was told. What a cloud does not say is marked as unseen or guessed, never made up.
package cinder
