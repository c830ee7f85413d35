package ui

import (
	"reflect"
	"testing"

	"hearth/themes"
	"hearth/tui/grid"
)

// TestEveryRoleIsPainted: a style that asks for a role that there is not would paint
// nothing, and the strongest answer would look like any other text.
func TestEveryRoleIsPainted(t *testing.T) {
	t.Parallel()
	marked := themes.Theme{Roles: map[string]themes.Role{}}
	for _, role := range themes.Roles {
		marked.Roles[role.Name] = themes.Role{Bold: true}
	}
	v := reflect.ValueOf(NewStyles(marked, false, "")).Elem()
	for i := range v.NumField() {
		if s := v.Field(i); s.Type() == reflect.TypeFor[grid.Style]() && s.FieldByName("Open").String() == "" {
			t.Errorf("%s paints nothing", v.Type().Field(i).Name)
		}
	}
}
