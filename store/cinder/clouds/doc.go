// Package clouds reads clouds.yaml and the OS_* variables as the openstack client
// does, and says how to log in to a cloud. It asks no cloud anything.
//
// What counts is what the client sends to Keystone, so its rules are followed one by
// one, odd ones too: where a rule comes from is named where it is used, by the file
// and the function of openstacksdk (openstack/config), osc-lib and keystoneauth1 as
// Debian 12 has them. A test runs that client over the same files and compares.
//
//	files.go     where the files are looked for, and what they name
//	value.go     a scalar as Python's YAML reads it
//	tree.go      the tree of a file, read entry by entry
//	entry.go     an entry made whole: secure.yaml, profile, region, OS_* variables
//	login.go     the login that it describes, and what is odd about it
//	body.go      what is sent to Keystone
//	federated.go a login by an identity provider; what is not done, and what to use instead
//	tls.go       certificates
//
// Each entry is read by itself: what is odd in one is told when that one is asked
// for, by its file and line, and never spoils another.
package clouds
