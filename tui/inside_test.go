package tui

import (
	"reflect"
	"unsafe"
)

// Tests of the whole look into screens, whose rooms show nothing of that.

// valueAt is a field of a value, by its name, and on through further names; what is
// promoted from an embedded struct counts as its own.
func valueAt(v any, path ...string) reflect.Value {
	at := reflect.ValueOf(v)
	for _, name := range path {
		for at.Kind() == reflect.Pointer || at.Kind() == reflect.Interface {
			at = at.Elem()
		}
		at = at.FieldByName(name)
	}
	return at
}

// inside is a pointer to a field of a screen.
func inside[T any](v any, path ...string) *T {
	return (*T)(unsafe.Pointer(valueAt(v, path...).UnsafeAddr()))
}
