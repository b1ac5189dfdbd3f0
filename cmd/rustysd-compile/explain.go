package main

import (
	"errors"
)

// doExplain shows the page of one code, or the list of all.
func doExplain(t *tool) error {
	return errors.New("there are no pages yet")
}
